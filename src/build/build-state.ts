/**
 * Where a build stands: which layers are below, what digest that state has, and the session in which
 * steps run. The session is opened only when a step must run, so a cached build never opens one.
 */
import type { Connection, RunOptions, RunResult } from "../connection/connection.ts";
import { EnvironmentError } from "../errors/index.ts";
import type { Digest } from "../oci/image.ts";
import type {
  Layer,
  LayerId,
  Session,
  SessionOptions,
  Snapshot,
  Workspace,
} from "../workspace/workspace.ts";
import type { RecordedBase } from "./build-record.ts";
import { digestOf } from "./digest.ts";
import type { StackedLayer } from "./layering.ts";

export class BuildState {
  readonly #workspace: Workspace;
  readonly #sessionOptions: SessionOptions;
  /** What the first step starts from. */
  readonly base: RecordedBase;
  readonly #layers: StackedLayer[] = [];
  readonly #trail: { readonly title: string; readonly content: Digest }[] = [];
  #digest: Digest;
  #busy = false;
  #session: Session | undefined;
  #broken: Error | undefined;

  constructor(workspace: Workspace, base: RecordedBase, sessionOptions: SessionOptions) {
    this.#workspace = workspace;
    this.base = base;
    this.#digest = base.digest;
    this.#sessionOptions = sessionOptions;
  }

  get digest(): Digest {
    return this.#digest;
  }
  /** The layers that steps have added so far. */
  get layers(): readonly StackedLayer[] {
    return this.#layers;
  }
  get stack(): readonly LayerId[] {
    return [...this.base.layers, ...this.#layers.map((part) => part.layer.id)];
  }
  /** Is a process of a step alive, or would it be, had the step run rather than been replayed? */
  get busy(): boolean {
    return this.#busy;
  }
  /** What changed the state, in order: the step and a digest of what it left. */
  get trail(): readonly { readonly title: string; readonly content: Digest }[] {
    return this.#trail;
  }
  /** Where steps run. */
  get on(): Workspace["kind"] {
    return this.#workspace.kind;
  }
  /** Environment that steps run in, `NAME=value`. */
  get env(): readonly string[] {
    return this.#sessionOptions.env;
  }
  /** Why no step can run any more: no disk, a layer that is gone. */
  get broken(): Error | undefined {
    return this.#broken;
  }
  /** Has any step run, rather than been replayed, since the last layer? */
  get live(): boolean {
    return this.#session !== undefined;
  }

  /** A connection that opens the session when it is first used. */
  connection(): Connection {
    const state = this;
    return {
      label: "image",
      async run(script: string, options?: RunOptions): Promise<RunResult> {
        try {
          return await (await state.session()).connection.run(script, options);
        } catch (error) {
          // The engine takes it for the task's failure, which the play may ignore. It is not the task's.
          if (error instanceof EnvironmentError) state.#broken ??= error;
          throw error;
        }
      },
      async leave(): Promise<void> {
        await state.#session?.connection.leave();
      },
      async close(): Promise<void> {},
    };
  }

  /** The session on the current stack; one on an older stack is replaced. */
  async session(): Promise<Session> {
    const stack = this.stack;
    if (this.#session && !sameStack(this.#session.stack, stack)) await this.closeSession();
    this.#session ??= await this.#workspace.open(stack, this.#sessionOptions);
    return this.#session;
  }

  async closeSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  /** Asks every process that the steps left to end, then makes it. */
  async endProcesses(): Promise<void> {
    await this.#session?.connection.run(END_ALL);
  }

  /** What the steps since the last snapshot have changed. Without a session nothing has. */
  async snapshot(): Promise<Snapshot> {
    return this.#session ? this.#session.snapshot() : { kind: "unchanged" };
  }

  /** A step added a layer: by running, or by replay. */
  push(layer: Layer, step: Omit<StackedLayer, "layer">): void {
    this.#layers.push({ layer, ...step });
    this.#trail.push({ title: step.title, content: layer.content });
    this.#busy = false;
    this.#digest = digestOf(["layer", this.#digest, layer.content]);
  }

  /** A step left a process running: the state is more than its files. */
  pushBusy(key: Digest, title: string): void {
    this.#trail.push({ title, content: key });
    this.#busy = true;
    this.#digest = digestOf(["busy", this.#digest, key]);
  }
}

/** The shell that runs this is the first process of its namespace, which `kill -1` spares. */
const END_ALL = `
[ $$ -eq 1 ] || exit 0
kill -TERM -1 2>/dev/null
n=0
while [ $n -lt 100 ]; do
  set -- /proc/[0-9]*
  [ $# -le 2 ] && exit 0
  sleep 0.1
  n=$((n + 1))
done
kill -KILL -1 2>/dev/null
`;

function sameStack(a: readonly LayerId[], b: readonly LayerId[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
