/** Finds out why a step cannot be replayed, by comparing it with the last build of the same image. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Step } from "../engine/runner.ts";
import { textOf } from "../values/model.ts";
import { writeAtomically } from "./atomic.ts";
import { type BuildRecord, type RecordedBase, type StepRow, titleOf } from "./build-record.ts";
import type { BuildState } from "./build-state.ts";
import { ageText, TTL_VARIABLE } from "./cache-policy.ts";
import type { ContentDigests } from "./content-digest.ts";
import { differences, type Listing, type Reason } from "./reason.ts";
import type { StepKey } from "./step-keys.ts";
import { decodeParts, encodeParts, type FoundInput, type StepParts } from "./step-parts.ts";
import type { StepRecord, StepStore } from "./step-store.ts";

export interface ExplainerOptions {
  readonly store: StepStore;
  readonly contents: ContentDigests;
  readonly state: BuildState;
  /** The last build; read only when something has to be explained. */
  readonly last: () => BuildRecord | undefined;
}

/** A step that is not replayed, with what the cache knows of it. */
export interface Missed {
  readonly step: Step;
  readonly key: StepKey;
  readonly parts: StepParts;
  /** The user does not want it replayed: how that was said. */
  readonly forbidden: string | undefined;
  /** A record is there but may not be used. */
  readonly found: { readonly record: StepRecord; readonly why: "age" | "layer" } | undefined;
}

export class Explainer {
  readonly #o: ExplainerOptions;
  readonly #directory: string;
  /** How often a step of that identity was met. */
  readonly #met = new Map<string, number>();
  #last: BuildRecord | undefined | null = null;
  #known: ReadonlyMap<string, readonly StepRow[]> = new Map();

  constructor(options: ExplainerOptions) {
    this.#o = options;
    this.#directory = join(options.store.root, "inputs");
  }

  /** Called for every step, in order: the n-th of a name is the n-th of the last build. */
  meet(step: Step): void {
    const id = identity(step.role, step.name, step.itemLabel);
    this.#met.set(id, (this.#met.get(id) ?? 0) + 1);
  }

  /** The same step in the last build; call it after {@link meet}. */
  before(step: Step): StepRow | undefined {
    const last = this.#lastBuild();
    if (!last) return undefined;
    const id = identity(step.role, step.name, step.itemLabel);
    const same = this.#known.get(id)?.[(this.#met.get(id) ?? 1) - 1];
    if (same) return same;
    // A task with a new name is known by its place.
    const { position } = step;
    return last.steps.find(
      (row) =>
        position !== undefined &&
        row.position?.file === position.file &&
        row.position.line === position.line &&
        lastWord(row.module) === lastWord(step.module.name) &&
        row.item === step.itemLabel,
    );
  }

  /** The stored outcome of the same step in the last build. */
  outcomeBefore(step: Step): StepRecord | undefined {
    const row = this.before(step);
    return row?.key === undefined ? undefined : this.#o.store.get(row.key);
  }

  async why(missed: Missed): Promise<readonly Reason[]> {
    const { step, forbidden, found } = missed;
    if (forbidden !== undefined) return [{ kind: "policy", text: forbidden }];
    if (found?.why === "age") return [ageReason(step, found.record)];
    if (found) return [{ kind: "lost", text: "its layer is no longer in the store" }];
    const last = this.#lastBuild();
    if (!last) return [{ kind: "never-built", text: "this image was never built here" }];
    const row = this.before(step);
    if (!row && !last.ok) {
      return [{ kind: "not-run-before", text: "the last build failed before it" }];
    }
    if (!row) return [{ kind: "new-task", text: "the task is not part of the last build" }];
    if (row.status === "failed" || row.status === "ignored") {
      return [{ kind: "failed-before", text: "it failed last time, and failures are not kept" }];
    }
    if (row.status === "skipped") {
      return [{ kind: "not-run-before", text: "it was skipped last time" }];
    }
    const record = this.outcomeBefore(step);
    if (!record) {
      return [{ kind: "lost", text: "its outcome is no longer in the store, or is damaged" }];
    }
    // What came from a shared cache has no parts; both sides have been through the same encoding.
    const before = decodeParts(record.parts);
    const reasons = [
      ...(before ? await this.#partReasons(missed, before) : []),
      ...(before && sameFiles(before, missed.parts) ? [] : this.#stateReasons(last, row)),
    ];
    return reasons.length > 0
      ? reasons
      : [{ kind: "unknown", text: "the store has no outcome for it as it is now" }];
  }

  /** Keeps what a folder held, so that a later build can say which entry has changed. */
  async remember(inputs: readonly FoundInput[]): Promise<void> {
    for (const input of inputs) {
      if (input.kind !== "path") continue;
      const listing = await this.#o.contents.listing(input.path);
      if (listing.length < 2) continue;
      try {
        writeAtomically(this.#path(input.digest), JSON.stringify(listing));
      } catch {
        // A full disk fails what matters; here only a later explanation says less.
      }
    }
  }

  async #partReasons(missed: Missed, before: StepParts): Promise<readonly Reason[]> {
    return differences({
      before,
      after: decodeParts(encodeParts(missed.parts)) ?? missed.parts,
      secret: missed.key.secret,
      listings: async (index, old) => {
        const now = missed.key.inputs[index];
        const then = this.#recall(old.digest);
        if (now?.kind !== "path" || !then) return undefined;
        return { before: then, after: await this.#o.contents.listing(now.path) };
      },
    });
  }

  #recall(digest: string): Listing | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(digest), "utf8")) as Listing;
    } catch {
      // It was one file, or has been cleaned up.
      return undefined;
    }
  }

  #path(digest: string): string {
    return join(this.#directory, `${digest.slice("sha256:".length)}.json`);
  }

  /** How the filesystem that the step starts from differs from that of the last build. */
  #stateReasons(last: BuildRecord, row: StepRow): readonly Reason[] {
    const base = baseReason(last.base, this.#o.state.base);
    if (base) return [base];
    const before = last.steps.slice(0, last.steps.indexOf(row)).flatMap(trailOf);
    const now = this.#o.state.trail;
    for (let index = 0; index < Math.max(before.length, now.length); index++) {
      const [old, is] = [before[index], now[index]];
      if (old?.content === is?.content) continue;
      return [filesystemReason(old, is, before, now)];
    }
    return [];
  }

  #lastBuild(): BuildRecord | undefined {
    if (this.#last !== null) return this.#last;
    this.#last = this.#o.last();
    const known = new Map<string, StepRow[]>();
    for (const row of this.#last?.steps ?? []) {
      const id = identity(row.role, row.name, row.item);
      const rows = known.get(id);
      if (rows) rows.push(row);
      else known.set(id, [row]);
    }
    this.#known = known;
    return this.#last;
  }
}

/** Are the files that the step can see the same, whatever else has changed? */
function sameFiles(before: StepParts, after: StepParts): boolean {
  return before.seen !== undefined && before.seen === after.seen;
}

/** What a step added to the filesystem. */
interface Trail {
  readonly title: string;
  readonly content: string;
}

function trailOf(row: StepRow): Trail[] {
  if (row.layer) return [{ title: titleOf(row), content: row.layer.content }];
  return row.busy && row.key ? [{ title: titleOf(row), content: row.key }] : [];
}

function filesystemReason(
  old: Trail | undefined,
  is: Trail | undefined,
  before: readonly Trail[],
  now: readonly Trail[],
): Reason {
  const common = { kind: "filesystem" } as const;
  const known = (trail: readonly Trail[], title: string) =>
    trail.some((entry) => entry.title === title);
  if (is && (old?.title === is.title || known(before, is.title))) {
    const moved = old !== undefined && old.title !== is.title && known(now, old.title);
    const text = moved
      ? `'${is.title}' now comes before '${old.title}'`
      : `what '${is.title}' left is different`;
    return { ...common, name: is.title, text };
  }
  if (is) return { ...common, name: is.title, text: `'${is.title}' now changes files before it` };
  const gone = old?.title ?? "";
  return { ...common, name: gone, text: `'${gone}' no longer changes files before it` };
}

function baseReason(before: RecordedBase, now: RecordedBase): Reason | undefined {
  if (before.digest === now.digest) return undefined;
  const pairs = [
    ["hostname", before.hostname, now.hostname],
    ["network", before.network, now.network],
  ] as const;
  for (const [name, was, is] of pairs) {
    if (was !== is) {
      return { kind: "base", name, before: was, after: is, text: `${name}: ${was} → ${is}` };
    }
  }
  const name = now.reference;
  if (before.content !== now.content) {
    const text =
      before.reference === now.reference
        ? `the base image ${name} has other content`
        : `the base image: ${before.reference} → ${now.reference}`;
    return { kind: "base", name, before: before.reference, after: now.reference, text };
  }
  return { kind: "base", name, text: `the environment or platform of ${name} is another` };
}

function ageReason(step: Step, record: StepRecord): Reason {
  const age = ageText(Date.now() - record.created);
  const most = textOf(step.context.variable(TTL_VARIABLE)) ?? "";
  const text = `its outcome is ${age} old, ${TTL_VARIABLE} is ${most}`;
  return { kind: "age", before: age, after: most, text };
}

function lastWord(module: string): string {
  return module.slice(module.lastIndexOf(".") + 1);
}

function identity(role: string | undefined, name: string, item: string | undefined): string {
  return [role ?? "", name, item ?? ""].join("\0");
}
