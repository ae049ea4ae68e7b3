/** Why a step cannot be replayed: what is different from the last time, in words. */
import type { KeptInput, KeptValue, StepParts } from "./step-parts.ts";

export interface Reason {
  readonly kind:
    | "policy"
    | "age"
    | "lost"
    | "never-built"
    | "new-task"
    | "failed-before"
    | "not-run-before"
    | "module"
    | "argument"
    | "file"
    | "rendered"
    | "become"
    | "environment"
    | "mode"
    | "base"
    | "filesystem"
    | "process"
    | "depends"
    | "unknown";
  /** The argument, file, variable or task that it is about. */
  readonly name?: string;
  readonly before?: string;
  readonly after?: string;
  /** A line for people, which says all of it. */
  readonly text: string;
}

const SECRET = "(hidden)";
const LONGEST_SHOWN = 60;
const MOST_ENTRIES = 5;

/** Names of a folder's entries with what stands for their content and mode. */
export type Listing = readonly (readonly [path: string, signature: string])[];

export interface Comparison {
  readonly before: StepParts;
  readonly after: StepParts;
  /** The step handles a secret: no value is shown. */
  readonly secret: boolean;
  /** What an input held and holds, where it is a folder whose listing was kept. */
  readonly listings: (
    index: number,
    before: KeptInput,
  ) => Promise<{ readonly before: Listing; readonly after: Listing } | undefined>;
}

/** Every difference between the parts of two keys. */
export async function differences(comparison: Comparison): Promise<readonly Reason[]> {
  const { before, after, secret } = comparison;
  const reasons: Reason[] = [];
  if (before.module !== after.module) {
    const text = `the module: ${before.module} → ${after.module}`;
    return [{ kind: "module", before: before.module, after: after.module, text }];
  }
  if (before.revision !== after.revision) {
    reasons.push({ kind: "module", text: "the module is another version: Layerbook was updated" });
  }
  reasons.push(
    ...valueReasons("argument", before.args, after.args, secret),
    ...valueReasons("environment", before.environment, after.environment, secret),
    ...becomeReasons(before.become, after.become),
    ...modeReasons(before.modes, after.modes),
  );
  for (let index = 0; index < Math.max(before.inputs.length, after.inputs.length); index++) {
    reasons.push(...(await inputReasons(comparison, index)));
  }
  return reasons;
}

type Values = Readonly<Record<string, KeptValue>>;

function valueReasons(
  kind: "argument" | "environment",
  before: Values,
  after: Values,
  secret: boolean,
): Reason[] {
  const reasons: Reason[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const what = nameOf(kind, name);
    const [was, is, place] = showPair(old, now, secret);
    const shown = { before: was, after: is };
    const text =
      old === undefined
        ? `${what} is new: ${is}`
        : now === undefined
          ? `${what} is gone; it was ${was}`
          : was === is
            ? `${what} has changed ${was === SECRET ? SECRET : `(${is})`}`
            : `${what}${place}: ${was} → ${is}`;
    reasons.push({ kind, name, ...shown, text });
  }
  if (reasons.length === 0 && JSON.stringify(before) !== JSON.stringify(after)) {
    reasons.push({ kind, text: `the order of the ${kind}s has changed` });
  }
  return reasons;
}

function nameOf(kind: "argument" | "environment", name: string): string {
  if (kind === "environment") return `environment variable ${name}`;
  return name === "_raw_params" ? "the command" : `argument ${name}`;
}

/** Two values side by side, cut down to where they differ, and where that is. */
function showPair(
  before: KeptValue | undefined,
  after: KeptValue | undefined,
  secret: boolean,
): [before: string, after: string, place: string] {
  const texts = [before, after].map((kept) =>
    kept && "value" in kept && typeof kept.value === "string" ? kept.value.split("\n") : undefined,
  );
  const [old, now] = texts;
  if (secret || !old || !now || (old.length === 1 && now.length === 1)) {
    const [a, b] = clippedPair(showValue(before, secret), showValue(after, secret));
    return [a, b, ""];
  }
  const [line, was, is] = firstDifference(old, now);
  return [was, is, ` line ${line}`];
}

/** The first line that differs, from 1, and what it was and is. */
function firstDifference(
  before: readonly string[],
  after: readonly string[],
): [line: number, before: string, after: string] {
  let at = 0;
  while (at < before.length && at < after.length && before[at] === after[at]) at++;
  const show = (line: string | undefined) => JSON.stringify(line ?? "");
  const [was, is] = clippedPair(show(before[at]), show(after[at]));
  return [at + 1, was, is];
}

function showValue(kept: KeptValue | undefined, secret: boolean): string {
  if (kept === undefined) return "";
  if (secret || "hidden" in kept) return SECRET;
  return "digest" in kept ? `${kept.size} characters` : JSON.stringify(kept.value);
}

/** Cuts off what two long texts have in common before they differ, and their ends. */
function clippedPair(a: string, b: string): [string, string] {
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same++;
  const long = Math.max(a.length, b.length) > LONGEST_SHOWN;
  const from = long ? Math.max(0, same - LONGEST_SHOWN / 3) : 0;
  const cut = (text: string) => {
    const begin = from > 0 ? `…${text.slice(from)}` : text;
    return begin.length <= LONGEST_SHOWN ? begin : `${begin.slice(0, LONGEST_SHOWN - 1)}…`;
  };
  return [cut(a), cut(b)];
}

function becomeReasons(before: StepParts["become"], after: StepParts["become"]): Reason[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const show = ([user, method]: StepParts["become"]) =>
    user === null ? "none" : `${user} by ${method}`;
  const [was, is] = [show(before), show(after)];
  const text = was === is ? "other flags of become" : `become: ${was} → ${is}`;
  return [{ kind: "become", before: was, after: is, text }];
}

function modeReasons(before: StepParts["modes"], after: StepParts["modes"]): Reason[] {
  const names = ["check mode", "diff mode", "async"];
  return names.flatMap((name, index) => {
    const [was, is] = [String(before[index]), String(after[index])];
    return was === is
      ? []
      : [
          {
            kind: "mode" as const,
            name,
            before: was,
            after: is,
            text: `${name}: ${was} → ${is}`,
          },
        ];
  });
}

async function inputReasons(comparison: Comparison, index: number): Promise<Reason[]> {
  const old = comparison.before.inputs[index];
  const now = comparison.after.inputs[index];
  if (old?.digest === now?.digest && old?.name === now?.name) return [];
  if (!old || !now) {
    const name = (old ?? now)?.name ?? "";
    return [{ kind: "file", name, text: `${name} ${now ? "is read now" : "is no longer read"}` }];
  }
  if (now.kind === "bytes") return [renderedReason(old, now, comparison.secret)];
  if (old.digest === now.digest) return [];
  const listings = await comparison.listings(index, old);
  const entries = listings ? changedEntries(listings.before, listings.after) : [];
  const more = entries.length > MOST_ENTRIES ? ` and ${entries.length - MOST_ENTRIES} more` : "";
  const which = entries.length > 0 ? `: ${entries.slice(0, MOST_ENTRIES).join(", ")}${more}` : "";
  return [{ kind: "file", name: now.name, text: `${now.name} has changed${which}` }];
}

function renderedReason(old: KeptInput, now: KeptInput, secret: boolean): Reason {
  const common = { kind: "rendered", name: now.name } as const;
  const text = `${now.name} is rendered differently`;
  if (secret || old.text === undefined || now.text === undefined) return { ...common, text };
  const [line, before, after] = firstDifference(old.text.split("\n"), now.text.split("\n"));
  return { ...common, before, after, text: `${text}: line ${line}: ${before} → ${after}` };
}

/** `+new`, `-gone`, `~changed`: which entries of a folder differ. */
export function changedEntries(before: Listing, after: Listing): string[] {
  const old = new Map(before);
  const now = new Map(after);
  const changes: string[] = [];
  for (const [path, signature] of now) {
    if (!old.has(path)) changes.push(`+${path}`);
    else if (old.get(path) !== signature) changes.push(`~${path || "its mode"}`);
  }
  for (const path of old.keys()) if (!now.has(path)) changes.push(`-${path}`);
  return changes;
}
