/**
 * What the last build of an image did, step by step: what `plan`, `diff`, `shell` and `report` speak
 * of. One file an image's name. Outcomes are not in it, only the keys under which they are.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SourcePosition } from "../errors/index.ts";
import type { Data } from "../modules/module.ts";
import type { Digest } from "../oci/image.ts";
import type { Layer, LayerId, Workspace } from "../workspace/workspace.ts";
import { writeAtomically } from "./atomic.ts";
import { digestOf } from "./digest.ts";
import type { StepStatus } from "./events.ts";
import type { LayerRow } from "./layer-rows.ts";

const FORMAT = 1;

/** One step: a task, or one item of its loop. */
export interface StepRow {
  readonly task: string;
  /** Without the role. */
  readonly name: string;
  readonly role: string | undefined;
  readonly module: string;
  readonly play: string;
  readonly position: SourcePosition | undefined;
  readonly handler: boolean;
  readonly item: string | undefined;
  readonly status: StepStatus;
  /** Under which its outcome is stored; absent for steps that have none. */
  readonly key?: Digest | undefined;
  readonly layer?: Layer | undefined;
  /** Left a process running: no snapshot was taken. */
  readonly busy?: boolean | undefined;
  /** Handled a secret: it has no log. */
  readonly secret?: boolean | undefined;
  /** Why it ran. */
  readonly reason?: string | undefined;
  /** Unix ms. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly message?: string | undefined;
  /** Of a step that ran elsewhere than in the image: what it said. */
  readonly result?: Data | undefined;
  readonly log?: readonly string[] | undefined;
}

/** What a build starts from, as far as it is in the keys. */
export interface RecordedBase {
  readonly reference: string;
  /** Of the state before the first step: the image and how steps run in it. */
  readonly digest: Digest;
  /** Digest of the layers alone. */
  readonly content: string;
  readonly network: string;
  readonly hostname: string;
  readonly env: readonly string[];
  readonly layers: readonly LayerId[];
}

export interface BuildRecord {
  readonly format: number;
  readonly image: string;
  readonly from: string;
  /** The workspace that its layers are in. */
  readonly on: Workspace["kind"];
  readonly playbooks: readonly string[];
  /** Unix ms. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly ok: boolean;
  readonly base: RecordedBase;
  readonly steps: readonly StepRow[];
  readonly warnings: readonly string[];
  readonly deferred: readonly string[];
  /** The image that was delivered. */
  readonly delivered:
    | { readonly reference: string; readonly id: string; readonly layers: readonly LayerRow[] }
    | undefined;
  /** Why the build failed. */
  readonly error: string | undefined;
}

export class BuildRecords {
  readonly #directory: string;

  /** @param root the store's directory */
  constructor(root: string) {
    this.#directory = join(root, "builds");
  }

  /** The last build of an image by name; `undefined` when there was none that can be read. */
  last(image: string): BuildRecord | undefined {
    return this.#read(this.#path(image));
  }

  /** The build that ended last, of whatever image. */
  latest(): BuildRecord | undefined {
    let names: string[];
    try {
      names = readdirSync(this.#directory).filter((name) => name.endsWith(".json"));
    } catch {
      return undefined;
    }
    const byTime = names
      .map((name) => join(this.#directory, name))
      .map((path) => ({ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((a, b) => b.time - a.time);
    return byTime[0] && this.#read(byTime[0].path);
  }

  keep(record: Omit<BuildRecord, "format">): void {
    mkdirSync(this.#directory, { recursive: true });
    writeAtomically(this.#path(record.image), JSON.stringify({ format: FORMAT, ...record }), 0o600);
  }

  #path(image: string): string {
    return join(this.#directory, `${digestOf(image).slice(7, 47)}.json`);
  }

  #read(path: string): BuildRecord | undefined {
    try {
      const record = JSON.parse(readFileSync(path, "utf8")) as BuildRecord;
      const isWhole = record.format === FORMAT && Array.isArray(record.steps) && record.base;
      return isWhole ? record : undefined;
    } catch {
      return undefined;
    }
  }
}

/** `nginx : Install packages`. */
export function titleOf(step: {
  readonly name: string;
  readonly role: string | undefined;
}): string {
  return step.role ? `${step.role} : ${step.name}` : step.name;
}
