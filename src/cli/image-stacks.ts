/** Images as `why`, `layers`, `diff` and `shell` take them: IMAGE, or IMAGE:STEP of its last build. */
import { resolve } from "node:path";
import { type BuildRecord, BuildRecords, type StepRow, titleOf } from "../build/build-record.ts";
import { type ImageStack, stackOf, stackOfSteps } from "../build/image-stack.ts";
import { StepStore } from "../build/step-store.ts";
import { LayerbookError, UsageError } from "../errors/index.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { ImagePlaces } from "./image-places.ts";
import { DEFAULT_WORKSPACE, openWorkspace, type WorkspaceName } from "./open-workspace.ts";
import { storeRoot } from "./store-root.ts";

/** A build of this store, up to and with one of its steps. */
export interface StepOfBuild {
  readonly record: BuildRecord;
  /** How many steps: the last of them is meant. */
  readonly count: number;
  readonly step: StepRow;
}

export interface StackFlags {
  readonly store?: string;
  readonly insecure?: boolean;
}

export class ImageStacks {
  readonly root: string;
  readonly #places: ImagePlaces;
  readonly #signal: AbortSignal;
  readonly #workspaces = new Map<WorkspaceName, Workspace>();

  /** @param flags `--store` and `--insecure` */
  constructor(flags: StackFlags, signal: AbortSignal) {
    this.root = flags.store ? resolve(flags.store) : storeRoot();
    this.#places = new ImagePlaces(this.root, flags.insecure);
    this.#signal = signal;
  }

  /** The workspace that a build was made in; the usual one for other images. */
  async #open(name: WorkspaceName | undefined): Promise<Workspace> {
    const key = name ?? DEFAULT_WORKSPACE;
    const known = this.#workspaces.get(key) ?? (await openWorkspace(key, this.root));
    this.#workspaces.set(key, known);
    return known;
  }

  /**
   * @param name IMAGE or IMAGE:STEP
   * @param bySteps what each step left, where the store still knows it
   * @throws LayerbookError when there is no such image or step
   */
  async open(name: string, bySteps: boolean): Promise<ImageStack> {
    const step = stepOf(this.root, name);
    const workspace = await this.#open(step?.record.on);
    if (step) {
      const { record, count } = step;
      for (const id of layersUpTo(record, count)) {
        if (await workspace.has(id)) continue;
        throw new LayerbookError(`a layer of ${name} is no longer in the store`, {
          hint: "Build the image again: what is missing is made anew.",
        });
      }
      return stackOfSteps(record, count, name, workspace);
    }
    const source = await this.#places.source(name);
    const store = new StepStore(this.root);
    return stackOf({ name, source, store, workspace, signal: this.#signal, bySteps });
  }

  async close(): Promise<void> {
    this.#places.close();
    for (const workspace of this.#workspaces.values()) await workspace.close();
  }
}

/**
 * The step that a name means: after the last colon, its number or its task's name. `:STEP` is one of
 * the build that ended last.
 * @param root the store's directory
 * @throws UsageError for a build that has no such step
 */
export function stepOf(root: string, name: string): StepOfBuild | undefined {
  const records = new BuildRecords(root);
  if (!name.startsWith(":") && records.last(name)) return undefined;
  for (let at = name.lastIndexOf(":"); at >= 0; at = name.slice(0, at).lastIndexOf(":")) {
    const record = at === 0 ? records.latest() : records.last(name.slice(0, at));
    if (record) return findStep(record, name.slice(at + 1));
    if (at === 0) break;
  }
  return undefined;
}

/** Layers of the base and of the first steps, lowest first. */
export function layersUpTo(record: BuildRecord, count: number): string[] {
  const steps = record.steps.slice(0, count);
  return [...record.base.layers, ...steps.flatMap((step) => (step.layer ? [step.layer.id] : []))];
}

function findStep(record: BuildRecord, text: string): StepOfBuild {
  const { steps } = record;
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  const count =
    number !== undefined && number <= steps.length
      ? number
      : steps.findLastIndex((step) => step.name === text || titleOf(step) === text) + 1;
  const step = steps[count - 1];
  if (step) return { record, count, step };
  const known = steps.map((one, index) => `${index + 1} ${titleOf(one)}`);
  const shown = known.length > 12 ? [...known.slice(0, 12), "..."] : known;
  throw new UsageError(`the last build of ${record.image} has no step '${text}'`, {
    hint: `It has: ${shown.join(", ")}.`,
    exitCode: 1,
  });
}
