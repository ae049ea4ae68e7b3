/**
 * Ansible's default output, line for line, so that scripts that read it go on working.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/default_callback.html
 */
import { basename } from "node:path";
import type { EngineEvent, EventOf, Listener, TaskInfo } from "../engine/events.ts";
import { str } from "../values/python.ts";
import type { Tone } from "./ansi.ts";
import {
  type CallbackOptions,
  exceptionText,
  type HostResultEvent,
  hasResults,
  hostLabel,
  type ItemResultEvent,
  isMessageAlone,
  isVerbose,
  type ResultEvent,
  titleOf,
} from "./callback.ts";
import { diffText } from "./diff-text.ts";
import { recapLine } from "./recap.ts";
import { type ResultFormat, resultText, statsText } from "./result-text.ts";

/** @param format how results are put into text; default: what the settings say */
export function defaultCallback(
  options: CallbackOptions,
  format: ResultFormat = options.settings.text("CALLBACK_RESULT_FORMAT") === "yaml"
    ? "yaml"
    : "json",
): Listener {
  const callback = new DefaultCallback(options, format);
  return (event) => callback.handle(event);
}

const KINDS = {
  handler: "RUNNING HANDLER",
  cleanup: "CLEANUP TASK",
  task: "TASK",
  facts: "TASK",
  meta: "TASK",
} as const;

class DefaultCallback {
  readonly #options: CallbackOptions;
  readonly #format: ResultFormat;
  readonly #showSkipped: boolean;
  readonly #showOk: boolean;
  readonly #checkMarkers: boolean;
  #strategy = "linear";
  #shownTask: string | undefined;

  constructor(options: CallbackOptions, format: ResultFormat) {
    const { settings } = options;
    this.#options = options;
    this.#format = format;
    this.#showSkipped = settings.bool("DISPLAY_SKIPPED_HOSTS");
    this.#showOk = settings.bool("DISPLAY_OK_HOSTS");
    this.#checkMarkers = settings.bool("CHECK_MODE_MARKERS");
  }

  get #display() {
    return this.#options.display;
  }

  handle(event: EngineEvent): void {
    const display = this.#display;
    switch (event.type) {
      case "playbook-start":
        this.#playbookStart(event.file, event.plays);
        break;
      case "play-start": {
        const check = this.#checkMarkers && event.play.checkMode ? " [CHECK MODE]" : "";
        this.#strategy = event.play.strategy;
        this.#shownTask = undefined;
        const name = event.play.name === "" ? "" : ` [${event.play.name}]`;
        display.banner(`PLAY${name}${check}`);
        break;
      }
      case "no-hosts-matched":
        display.show("skipping: no hosts matched", "skip");
        break;
      case "no-hosts-remaining":
        display.banner("NO MORE HOSTS LEFT");
        break;
      case "retry-file":
        display.show(`\tto retry, use: --limit @${event.file}`);
        break;
      case "task-start":
        if (this.#isEager) this.#banner(event.task);
        break;
      case "host-start":
        if (this.#options.settings.bool("SHOW_PER_HOST_START")) {
          display.show(` [started TASK: ${titleOf(event.task)} on ${event.host}]`, "ok");
        }
        break;
      case "item-result":
        this.#result(event);
        break;
      case "host-result":
        this.#hostResult(event);
        break;
      case "retry":
        this.#retry(event);
        break;
      case "async":
        this.#async(event);
        break;
      case "included": {
        this.#bannerOnce(event.task);
        const label = event.label === undefined ? "" : ` => (item=${event.label})`;
        display.show(`included: ${event.file} for ${event.hosts.join(", ")}${label}`, "included");
        break;
      }
      case "notified":
        if (display.verbosity > 1) {
          display.show(`NOTIFIED HANDLER ${event.handler} for ${event.host}`, "verbose");
        }
        break;
      case "meta":
        if (display.verbosity > 1) display.show(`META: ${event.text}`, "verbose");
        break;
      case "warning":
        display.warn(event.message);
        break;
      case "deprecation":
        display.deprecate(event.message);
        break;
      case "stats":
        this.#stats(event);
        break;
      default:
        break;
    }
  }

  /** A heading comes before the first result, unless results interleave or some are not shown. */
  get #isEager(): boolean {
    return this.#showSkipped && this.#showOk && !/(^|\.)(free|host_pinned)$/.test(this.#strategy);
  }

  #playbookStart(file: string, plays: number): void {
    const { checkMode } = this.#options;
    if (this.#display.verbosity > 1) this.#display.banner(`PLAYBOOK: ${basename(file)}`);
    if (this.#display.verbosity > 3) this.#display.show(`Positional arguments: ${file}`, "verbose");
    if (this.#checkMarkers && checkMode) this.#display.banner("DRY RUN");
    if (this.#display.verbosity > 1) this.#display.show(`${plays} plays in ${file}`, "verbose");
  }

  #bannerOnce(task: TaskInfo): void {
    if (this.#shownTask !== task.id) this.#banner(task);
  }

  #banner(task: TaskInfo): void {
    let args = "";
    if (this.#options.settings.bool("DISPLAY_ARGS_TO_STDOUT") && !task.noLog) {
      args = ` ${Array.from(task.args, ([key, value]) => `${str(key)}=${str(value)}`).join(", ")}`;
    }
    const check = this.#checkMarkers && task.checkMode ? " [CHECK MODE]" : "";
    this.#display.banner(`${KINDS[task.kind]} [${titleOf(task)}${args}]${check}`);
    if (this.#display.verbosity >= 2) this.#path(task);
    this.#shownTask = task.id;
  }

  #path({ position }: TaskInfo): void {
    if (position) this.#display.show(`task path: ${position.file}:${position.line}`, "debug");
  }

  #hostResult(event: HostResultEvent): void {
    const items = event.looped && hasResults(event.result);
    // What the items said is not said again, unless it is a message alone that is left (debug).
    const isMessage = event.status === "failed" && isMessageAlone(event);
    if (!items || event.status === "skipped" || isMessage) this.#result(event);
    else if (event.ignored) this.#display.show("...ignoring", "skip");
  }

  #result(event: ResultEvent): void {
    const diff = diffText(event, this.#display, this.#options.settings);
    if (diff !== undefined) {
      this.#bannerOnce(event.task);
      this.#display.show(diff);
    }
    switch (event.status) {
      case "ok":
        if (this.#showOk) this.#line(event, "ok: ", "ok");
        break;
      case "changed":
        this.#line(event, "changed: ", "changed");
        break;
      case "skipped":
        if (this.#showSkipped) this.#line(event, "skipping: ", "skip");
        break;
      default:
        this.#failure(event);
    }
  }

  #line(event: ResultEvent, lead: string, tone: Tone): void {
    this.#bannerOnce(event.task);
    const skipped = event.status === "skipped";
    let text = `${lead}[${skipped ? event.host : hostLabel(event)}]`;
    if (isItem(event)) text += ` => (item=${event.label})${skipped ? " " : ""}`;
    if (isVerbose(event, this.#display.verbosity)) text += ` => ${this.#dump(event)}`;
    this.#display.show(text, tone);
  }

  #failure(event: ResultEvent): void {
    this.#bannerOnce(event.task);
    const { settings } = this.#options;
    const toError = settings.bool("DISPLAY_FAILED_STDERR");
    const say = (text: string, tone: Tone) =>
      toError ? this.#display.showError(text, tone) : this.#display.show(text, tone);
    const name = hostLabel(event);
    if (event.status === "unreachable") {
      say(`fatal: [${name}]: UNREACHABLE! => ${this.#dump(event)}`, "unreachable");
    } else {
      const exception = exceptionText(event.result, this.#display.verbosity);
      if (exception !== undefined) say(exception, "error");
      if (isItem(event)) {
        say(`failed: [${name}] (item=${event.label}) => ${this.#dump(event)}`, "error");
        return;
      }
      if (settings.bool("SHOW_TASK_PATH_ON_FAILURE")) this.#path(event.task);
      say(`fatal: [${name}]: FAILED! => ${this.#dump(event)}`, "error");
    }
    if (event.ignored && !isItem(event)) this.#display.show("...ignoring", "skip");
  }

  #retry(event: EventOf<"retry">): void {
    const title = titleOf(event.task);
    let text = `FAILED - RETRYING: [${hostLabel(event)}]: ${title} (${event.retriesLeft} retries left).`;
    if (this.#display.verbosity > 2) text += `Result was: ${this.#dump(asFailed(event))}`;
    this.#display.show(text, "debug");
  }

  #async({ host, job, state }: EventOf<"async">): void {
    const words = { poll: "POLL", ok: "OK", failed: "FAILED" };
    const more = state === "poll" ? " started=1 finished=0" : "";
    this.#display.show(`ASYNC ${words[state]} on ${host}: jid=${job}${more}`, "debug");
  }

  #dump(event: ResultEvent): string {
    const { settings } = this.#options;
    return resultText(event, {
      format: this.#format,
      verbosity: this.#display.verbosity,
      pretty: settings.bool("CALLBACK_FORMAT_PRETTY"),
    });
  }

  #stats(event: EventOf<"stats">): void {
    const display = this.#display;
    display.banner("PLAY RECAP");
    for (const [host, stats] of [...event.hosts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      display.show(recapLine(host, stats, display));
    }
    display.show("");
    if (event.custom.size > 0 && this.#options.settings.bool("SHOW_CUSTOM_STATS")) {
      this.#customStats(event.custom);
    }
    if (this.#checkMarkers && this.#options.checkMode) display.banner("DRY RUN");
  }

  #customStats(custom: EventOf<"stats">["custom"]): void {
    const display = this.#display;
    display.banner("CUSTOM STATS:");
    for (const [host, stats] of [...custom].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (host !== "_run") display.show(`\t${host}: ${statsText(stats)}`);
    }
    const whole = custom.get("_run");
    if (whole) {
      display.show("");
      display.show(`\tRUN: ${statsText(whole)}`);
    }
    display.show("");
  }
}

function isItem(event: ResultEvent): event is ItemResultEvent {
  return event.type === "item-result";
}

/** A try that failed, as a result. */
function asFailed(event: EventOf<"retry">): ResultEvent {
  const { delegate, host, result, task } = event;
  return {
    type: "host-result",
    host,
    delegate,
    task,
    result,
    status: "failed",
    ignored: false,
    rescued: false,
    showAlways: false,
    durationMs: 0,
    looped: false,
  };
}
