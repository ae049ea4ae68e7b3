/** Colours, where the reader's terminal shows them: NO_COLOR and FORCE_COLOR are honoured. */
import picocolors from "picocolors";

export type Colours = ReturnType<typeof picocolors.createColors>;

/**
 * @param stream where the text goes
 * @see https://no-color.org
 */
export function coloursFor(stream: { readonly isTTY?: boolean }): Colours {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const wanted = FORCE_COLOR ? FORCE_COLOR !== "0" : stream.isTTY === true && TERM !== "dumb";
  return picocolors.createColors(wanted && !NO_COLOR);
}
