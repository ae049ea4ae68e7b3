/**
 * Templates are rendered without giving way to anything else, so a signal's handler cannot run
 * meanwhile. Whoever handles interrupts is told when a rendering takes long, and when it is over: it
 * can let the system's own action happen in between, which ends the process at once.
 */
export interface LongRenderListener {
  readonly begin: () => void;
  readonly end: () => void;
}

let listener: LongRenderListener | undefined;

/** There is one listener: the program's way of handling interrupts. */
export function onLongRender(heard: LongRenderListener | undefined): void {
  listener = heard;
}

export function longRenderBegins(): void {
  listener?.begin();
}

export function longRenderEnds(): void {
  listener?.end();
}
