/** What a build came to, as texts that can be compared. */
import type { BuildEvent } from "../../src/build/events.ts";
import { LayerbookError } from "../../src/errors/index.ts";

export interface Outcome {
  readonly failed: string | undefined;
  readonly results: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly cached: number;
  readonly ran: number;
}

/** @returns the first difference, in words; `undefined` when there is none */
export function differenceOf(fresh: Outcome, cached: Outcome): string | undefined {
  if (fresh.failed !== cached.failed) {
    return `from nothing: ${fresh.failed ?? "success"}\ncached: ${cached.failed ?? "success"}`;
  }
  for (let n = 0; n < Math.max(fresh.results.length, cached.results.length); n++) {
    if (fresh.results[n] === cached.results[n]) continue;
    return `result ${n}\nfrom nothing: ${fresh.results[n]}\ncached:       ${cached.results[n]}`;
  }
  if (fresh.failed) return undefined;
  for (const path of new Set([...Object.keys(fresh.files), ...Object.keys(cached.files)])) {
    if (fresh.files[path] === cached.files[path]) continue;
    return `file ${path}\nfrom nothing: ${fresh.files[path]}\ncached:       ${cached.files[path]}`;
  }
  return undefined;
}

/** A build that failed as builds do. @throws any other error */
export function wordsOf(error: unknown): string {
  if (error instanceof LayerbookError) return "failed";
  throw error;
}

/** Members of results that tell of the moment, not of the work. */
const VOLATILE = new Set([
  ...["start", "end", "delta", "mtime", "ctime", "atime", "ino", "inode", "dev", "blocks"],
  ...["version", "charset", "backup_file"],
]);

/** Names of temporary files and of shells; in which order a directory's files could not be removed. */
const MADE_UP = /lb-[0-9a-f]{8,}|\/tmp\/tmp\.\w+|rmtree failed: [^"]*/g;

/** Keeps what a build told of its steps. */
export class Heard {
  readonly results: string[] = [];
  readonly #titles = new Map<string, string>();

  readonly listen = (event: BuildEvent): void => {
    if (event.type === "task") this.#titles.set(event.id, event.title);
    if (event.type !== "step") return;
    const result = steady(event.result) as { readonly changed?: unknown } | undefined;
    const played = ["cached", "ok", "changed"].includes(event.status);
    const status = played ? (result?.changed === true ? "changed" : "ok") : event.status;
    const title = this.#titles.get(event.task);
    const text = JSON.stringify([title, event.item, status, event.message, result]);
    this.results.push(text.replaceAll(MADE_UP, "made up"));
  };
}

function steady(value: unknown): unknown {
  // The order in which a file system gives names is nobody's promise.
  if (Array.isArray(value)) {
    const list = value.map(steady);
    const isFind = list.every((one) => typeof one === "object" && one !== null && "path" in one);
    return isFind ? list.sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1)) : list;
  }
  if (typeof value !== "object" || value === null) return value;
  const isDirectory = "isdir" in value && value.isdir === true;
  const told = isDirectory || ("state" in value && value.state === "directory");
  const entries = Object.entries(value).filter(
    ([key]) => !VOLATILE.has(key) && !(told && (key === "size" || key === "nlink")),
  );
  return Object.fromEntries(entries.map(([key, inner]) => [key, steady(inner)]));
}

function pathOf(found: unknown): string {
  return String((found as { readonly path: unknown }).path);
}
