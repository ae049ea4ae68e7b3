/** What the callbacks of Ansible have in common: their options, and how a result is put into text. */
import type { EventOf, TaskInfo } from "../engine/events.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { ansibleJsonFallback, dumpJson } from "../template/python/json-dump.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import type { Display } from "./display.ts";

export interface CallbackOptions {
  readonly display: Display;
  readonly settings: EngineSettings;
  readonly checkMode: boolean;
}

export type HostResultEvent = EventOf<"host-result">;
export type ItemResultEvent = EventOf<"item-result">;
export type ResultEvent = HostResultEvent | ItemResultEvent;

/** Of a result of `debug` with a message, what is shown. */
const DEBUG_KEYS = new Set(["msg", "exception", "warnings", "deprecations"]);

export function isDebug(task: TaskInfo): boolean {
  return /^(ansible\.(builtin|legacy)\.)?debug$/.test(task.action);
}

/** Members that the event's type says already, and what is the engine's own. */
function isInternal(name: string): boolean {
  return name.startsWith("_ansible_") || name === "failed" || name === "skipped";
}

/** Of what `debug` says, its message is all that is shown. */
export function isMessageAlone({ result, task }: ResultEvent): boolean {
  return isDebug(task) && result.has("msg");
}

/** The members that people are shown. */
export function shownResult(event: ResultEvent, verbosity: number): Dict {
  const { result, task } = event;
  const kept = new Dict();
  const debug = isDebug(task);
  const alone = isMessageAlone(event);
  for (const [key, value] of result) {
    const name = str(key);
    if (isInternal(name) || name === "warnings" || name === "deprecations") continue;
    if (name === "exception") continue;
    if ((name === "invocation" || name === "diff") && verbosity < 3) continue;
    if (debug && (name === "changed" || name === "invocation")) continue;
    if (alone && !DEBUG_KEYS.has(name)) continue;
    kept.set(key, value);
  }
  return kept;
}

/** Shown without having been asked for with `-v`. */
export function isVerbose(event: ResultEvent, verbosity: number, least = 0): boolean {
  if (event.result.get("_ansible_verbose_override") === true) return false;
  return verbosity > least || event.showAlways;
}

export interface DumpOptions {
  readonly indent?: number | undefined;
  readonly sortKeys?: boolean;
}

/** JSON as Ansible's encoder writes it. */
export function jsonOf(value: Value, options: DumpOptions = {}): string {
  return dumpJson(value, {
    sortKeys: options.sortKeys ?? true,
    ensureAscii: false,
    fallback: ansibleJsonFallback,
    ...(options.indent !== undefined && { indent: options.indent }),
  });
}

/** `host`, or `host -> the host that the task was delegated to`. */
export function hostLabel(event: { readonly host: string; readonly delegate: string | undefined }) {
  return event.delegate === undefined || event.delegate === event.host
    ? event.host
    : `${event.host} -> ${event.delegate}`;
}

/** The name with the role before it. */
export function titleOf(task: TaskInfo): string {
  return task.role ? `${task.role} : ${task.name}` : task.name;
}

/** The text of an exception in a result: its last line, or all of it from `-vvv` on. */
export function exceptionText(result: Dict, verbosity: number): string | undefined {
  const text = textOf(result.get("exception"));
  if (text === undefined) return undefined;
  if (verbosity >= 3) return `The full traceback is:\n${text}`;
  const last = text.trim().split("\n").at(-1) ?? "";
  return `An exception occurred during task execution. To see the full traceback, use -vvv. The error was: ${last}`;
}

/** Does the result of a loop hold results of items? */
export function hasResults(result: Dict): boolean {
  return Array.isArray(result.get("results"));
}
