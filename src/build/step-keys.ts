/** The key of a step, and the outcome that is stored under it. */
import type { Step } from "../engine/runner.ts";
import type { Digest } from "../oci/image.ts";
import type { BuildState } from "./build-state.ts";
import type { ContentDigests } from "./content-digest.ts";
import { type Digestible, digestOf } from "./digest.ts";
import type { FilesView } from "./files-view.ts";
import { becomeOf, type FoundInput, inputDigests, partsOf, type StepParts } from "./step-parts.ts";
import type { StepRecord, StepStore } from "./step-store.ts";

export interface StepKey {
  readonly key: Digest;
  readonly inputs: readonly FoundInput[];
  /** The step handles a secret: its record is encrypted, its key tells nothing. */
  readonly secret: boolean;
  /** All that the key is made of, without the filesystem. */
  readonly own: Digestible;
}

/** The second key of a step, and the digest of the files in it. */
export interface Touched {
  readonly seen: Digest;
  readonly key: Digest;
}

/** An outcome and the key under which it was found. */
export interface Stored {
  readonly at: Digest;
  readonly record: StepRecord;
}

export interface StepKeysOptions {
  readonly state: BuildState;
  readonly store: StepStore;
  readonly contents: ContentDigests;
  /** The files of the state; absent where the workspace cannot tell. */
  readonly files?: FilesView | undefined;
  /** What happens to services; part of the key of steps that look at it. */
  readonly services: "defer" | "run" | "fail";
  /** Does a text hold a secret that the run knows of (a vault value, a no_log argument)? */
  readonly holdsSecret: (text: string) => boolean;
}

export class StepKeys {
  readonly #o: StepKeysOptions;

  constructor(options: StepKeysOptions) {
    this.#o = options;
  }

  /** The key of a step on the state as it is now. */
  async of(step: Step): Promise<StepKey> {
    const { module } = step.module;
    const inputs: FoundInput[] = [];
    for (const input of (await module.inputs?.(step.context, step.args)) ?? []) {
      if (input.kind === "bytes") inputs.push(input);
      else inputs.push({ ...input, digest: await this.#o.contents.of(input.path) });
    }
    const own: Digestible = [
      step.module.name,
      step.module.revision,
      step.args as Digestible,
      inputDigests(inputs),
      becomeOf(step),
      step.environment as Digestible,
      [step.checkMode, step.diffMode, step.async],
    ];
    const secret = step.noLog || this.#holdsSecret(step, inputs);
    const key = digestOf([this.#o.state.digest, own]);
    return { key: secret ? this.#o.store.privateDigest(key) : key, inputs, secret, own };
  }

  /** Is a secret in what the step says, in its environment, or in what was rendered for it? */
  #holdsSecret(step: Step, inputs: readonly FoundInput[]): boolean {
    const { holdsSecret } = this.#o;
    return (
      holdsSecret(JSON.stringify([step.args, step.environment])) ||
      inputs.some(
        (input) => input.kind === "bytes" && holdsSecret(Buffer.from(input.bytes).toString()),
      )
    );
  }

  /**
   * A second key, of steps that touch only certain paths: those paths stand in it for the whole
   * filesystem. It is looked for when there is nothing under the first.
   */
  async touched(step: Step, { own, secret }: StepKey): Promise<Touched | undefined> {
    const { files, state, store } = this.#o;
    const paths = step.module.module.touches?.(step.args);
    if (!files || !paths || state.busy || changesPrograms(step)) return undefined;
    const seen = await files.digest(state.stack, paths);
    if (seen === undefined) return undefined;
    const key = digestOf([seen, own]);
    return { seen, key: secret ? store.privateDigest(key) : key };
  }

  /** The outcome of a step that found the paths that it touches as they are now. */
  findTouched(touched: Touched): Stored | undefined {
    const at = this.#o.store.getTouched(touched.key);
    const record = at && this.#o.store.get(at);
    return record && !record.busy ? { at, record } : undefined;
  }

  putTouched(touched: Touched, at: Digest): void {
    this.#o.store.putTouched(touched.key, at);
  }

  /** What the key was made of, to be stored or compared. */
  parts(step: Step, { inputs }: StepKey, touched: Touched | undefined): StepParts {
    return partsOf(step, inputs, touched?.seen, (digest) => this.#o.store.privateDigest(digest));
  }

  /** The outcome under a key. Steps that look at services have one for each mode. */
  find({ key }: StepKey): Stored | undefined {
    const { store } = this.#o;
    for (const at of [key, this.#withServices(key)]) {
      const record = store.get(at);
      if (record) return { at, record };
    }
    return undefined;
  }

  /** Stores an outcome. @returns the key under which it is found */
  put(step: Step, { key, secret }: StepKey, record: StepRecord): Digest {
    const own = step.sawServices() ? this.#withServices(key) : key;
    this.#o.store.put(own, record, secret);
    return own;
  }

  #withServices(key: Digest): Digest {
    return digestOf([key, "services", this.#o.services]);
  }
}

/** Does the step look for programs or libraries in other places, or become somebody in its own way? */
function changesPrograms(step: Step): boolean {
  const { flags, executable } = step.become ?? {};
  if (flags !== undefined || executable !== undefined) return true;
  return Object.keys(step.environment).some((name) =>
    /^(PATH|HOME|ENV|BASH_ENV|SHELLOPTS|TMPDIR|IFS|LD_.*|LC_.*|LANG.*)$/.test(name),
  );
}
