/**
 * Ansible's default output, line for line, so that scripts that read it go on working.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/default_callback.html
 */
import type { EngineEvent, EventOf, HostStats, Listener, TaskInfo } from "../engine/events.ts";
import { ansibleJsonFallback, dumpJson } from "../template/python/json-dump.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { displayWidth, tame } from "./build-rows.ts";
import type { Colours } from "./colours.ts";

export interface DefaultCallbackOptions {
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Standard error: warnings. */
  readonly writeError: (text: string) => void;
  readonly colours: Colours;
  /** Columns of the terminal; 79 in a pipe. */
  readonly columns: number;
  readonly verbosity: number;
  readonly showSkipped: boolean;
  readonly showOk: boolean;
  readonly deprecations: boolean;
}

type HostResultEvent = EventOf<"host-result">;
type ItemResultEvent = EventOf<"item-result">;
type ResultEvent = HostResultEvent | ItemResultEvent;

/** Members of a result that are not shown. */
const HIDDEN = new Set(["warnings", "deprecations", "failed", "skipped"]);

export function defaultCallback(options: DefaultCallbackOptions): Listener {
  const { colours, verbosity, write } = options;
  const line = (text: string, paint: (text: string) => string = (same) => same) =>
    write(`${text.split("\n").map(paint).join("\n")}\n`);

  const banner = (text: string) => {
    const stars = Math.max(3, options.columns - displayWidth(text));
    write(`\n${text} ${"*".repeat(stars)}\n`);
  };
  const shown = (event: ResultEvent) =>
    verbosity > 0 || (isDebug(event.task) && event.status !== "skipped")
      ? ` => ${dump(event.result, event.task, verbosity)}`
      : "";
  const item = (event: ResultEvent) => ("label" in event ? ` => (item=${event.label})` : "");

  const result = (event: ResultEvent) => {
    const name = event.delegate ? `${event.host} -> ${event.delegate}` : event.host;
    switch (event.status) {
      case "ok":
      case "changed": {
        if (event.status === "ok" && !options.showOk) return;
        const paint = event.status === "changed" ? colours.yellow : colours.green;
        line(`${event.status}: [${name}]${item(event)}${shown(event)}`, paint);
        break;
      }
      case "skipped":
        if (options.showSkipped) {
          line(
            `skipping: [${name}]${"label" in event ? `${item(event)} ` : ""}${shown(event)}`,
            colours.cyan,
          );
        }
        break;
      case "unreachable":
        line(
          `fatal: [${name}]: UNREACHABLE! => ${dump(event.result, event.task, verbosity)}`,
          colours.red,
        );
        break;
      default: {
        const text = dump(event.result, event.task, verbosity);
        if ("label" in event)
          line(`failed: [${name}] (item=${event.label}) => ${text}`, colours.red);
        else line(`fatal: [${name}]: FAILED! => ${text}`, colours.red);
      }
    }
    if (event.ignored && !("label" in event)) line("...ignoring", colours.cyan);
  };

  return (event: EngineEvent) => {
    switch (event.type) {
      case "play-start": {
        const check = event.play.checkMode ? " [CHECK MODE]" : "";
        banner(event.play.name === "" ? `PLAY${check}` : `PLAY [${event.play.name}]${check}`);
        break;
      }
      case "no-hosts-matched":
        line("skipping: no hosts matched", colours.cyan);
        break;
      case "no-hosts-remaining":
        banner("NO MORE HOSTS LEFT");
        break;
      case "task-start":
        banner(taskBanner(event.task));
        break;
      case "item-result":
        result(event);
        break;
      case "host-result":
        // What the items said is not said again.
        if (!event.looped || (event.status === "skipped" && !hasResults(event.result)))
          result(event);
        else if (event.status === "failed") {
          line(
            `fatal: [${event.host}]: FAILED! => ${dump(event.result, event.task, verbosity)}`,
            colours.red,
          );
          if (event.ignored) line("...ignoring", colours.cyan);
        }
        break;
      case "retry":
        line(
          `FAILED - RETRYING: [${event.host}]: ${titleOf(event.task)} (${event.retriesLeft} retries left).`,
          colours.blue,
        );
        break;
      case "included": {
        const label = event.label === undefined ? "" : ` => (item=${event.label})`;
        line(`included: ${event.file} for ${event.hosts.join(", ")}${label}`, colours.cyan);
        break;
      }
      case "warning":
        options.writeError(
          `${colours.magenta(wrap(`[WARNING]: ${event.message}`, options.columns))}\n`,
        );
        break;
      case "deprecation":
        if (options.deprecations) {
          const text = wrap(`[DEPRECATION WARNING]: ${event.message}`, options.columns);
          options.writeError(`${colours.magenta(text)}\n`);
        }
        break;
      case "stats":
        banner("PLAY RECAP");
        for (const host of [...event.hosts.keys()].sort()) {
          write(`${recapLine(host, event.hosts.get(host) as HostStats, colours)}\n`);
        }
        write("\n");
        break;
      default:
        break;
    }
  };
}

function titleOf(task: TaskInfo): string {
  return task.role ? `${task.role} : ${task.name}` : task.name;
}

function taskBanner(task: TaskInfo): string {
  const kind =
    task.kind === "handler" ? "RUNNING HANDLER" : task.kind === "cleanup" ? "CLEANUP TASK" : "TASK";
  return `${kind} [${titleOf(task)}]${task.checkMode ? " [CHECK MODE]" : ""}`;
}

function isDebug(task: TaskInfo): boolean {
  return /(^|\.)debug$/.test(task.action);
}

function hasResults(result: Dict): boolean {
  const results = result.get("results");
  return Array.isArray(results) && results.length > 0;
}

/** As the original prints a result: sorted keys, indented for debug and from -vvv on. */
function dump(result: Dict, task: TaskInfo, verbosity: number): string {
  const debug = isDebug(task);
  const kept = new Dict();
  for (const [key, value] of result) {
    const name = str(key);
    if (name.startsWith("_ansible_") || HIDDEN.has(name)) continue;
    if (name === "invocation" && verbosity < 3) continue;
    if (name === "diff" && verbosity < 3) continue;
    if (debug && name === "changed") continue;
    kept.set(key, value);
  }
  return dumpJson(kept as Value, {
    sortKeys: true,
    ensureAscii: false,
    fallback: ansibleJsonFallback,
    ...((debug || verbosity > 2) && { indent: 4 }),
  });
}

function recapLine(host: string, stats: HostStats, colours: Colours): string {
  const count = (name: keyof HostStats, paint: (text: string) => string) => {
    const text = `${name}=${String(stats[name]).padEnd(4)}`;
    return stats[name] === 0 ? text : paint(text);
  };
  const counts = [
    count("ok", colours.green),
    count("changed", colours.yellow),
    count("unreachable", colours.red),
    count("failed", colours.red),
    count("skipped", colours.cyan),
    count("rescued", colours.yellow),
    count("ignored", colours.blue),
  ];
  const bad = stats.failed > 0 || stats.unreachable > 0;
  const paint = bad ? colours.red : stats.changed > 0 ? colours.yellow : colours.green;
  return `${paint(host)}${" ".repeat(Math.max(0, 26 - host.length))} : ${counts.join(" ")}`;
}

/** Warnings are broken at the terminal's width, between words. */
function wrap(text: string, columns: number): string {
  return text
    .split("\n")
    .map((part) => wrapLine(tame(part), columns))
    .join("\n");
}

function wrapLine(text: string, columns: number): string {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    if (current !== "" && displayWidth(`${current} ${word}`) > columns) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current].join("\n");
}
