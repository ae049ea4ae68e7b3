/**
 * Ansible's `minimal` output: what `ansible` shows of an ad-hoc task.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/minimal_callback.html
 */
import type { EngineEvent, Listener } from "../engine/events.ts";
import { textOf } from "../values/model.ts";
import { str } from "../values/python.ts";
import type { Tone } from "./ansi.ts";
import {
  type CallbackOptions,
  exceptionText,
  jsonOf,
  type ResultEvent,
  shownResult,
} from "./callback.ts";
import { diffText } from "./diff-text.ts";

/** Modules whose output is shown as it is. */
const PLAIN =
  /^(ansible\.(builtin|legacy|windows)\.)?(command|raw|script|shell|win_command|win_shell)$/;

export function minimalCallback(options: CallbackOptions): Listener {
  const { display } = options;
  const result = (event: ResultEvent) => {
    const { host, status } = event;
    const dumped = () => jsonOf(shownResult(event, display.verbosity), { indent: 4 });
    const caption = (word: string, tone: Tone) => {
      if (isPlain(event)) display.show(plainText(event, word), tone);
      else display.show(`${host} | ${word} => ${dumped()}`, tone);
    };
    switch (status) {
      case "ok":
        return caption("SUCCESS", "ok");
      case "changed":
        return caption("CHANGED", "changed");
      case "skipped":
        return display.show(`${host} | SKIPPED`, "skip");
      case "unreachable":
        return display.show(`${host} | UNREACHABLE! => ${dumped()}`, "unreachable");
      default: {
        const exception = exceptionText(event.result, display.verbosity);
        if (exception !== undefined) display.show(exception, "error");
        if (isPlain(event)) display.show(plainText(event, "FAILED"), "error");
        else display.show(`${host} | FAILED! => ${dumped()}`, "error");
      }
    }
  };
  return (event: EngineEvent) => {
    switch (event.type) {
      case "host-result": {
        const diff = diffText(event, display, options.settings);
        if (diff !== undefined) display.show(diff);
        result(event);
        break;
      }
      case "warning":
        display.warn(event.message);
        break;
      case "deprecation":
        display.deprecate(event.message);
        break;
      default:
        break;
    }
  };
}

function isPlain(event: ResultEvent): boolean {
  return (
    PLAIN.test(event.task.action) &&
    !event.result.has("module_stderr") &&
    !event.result.has("ansible_job_id")
  );
}

/** `host | CHANGED | rc=0 >>`, and below it what the program wrote. */
function plainText(event: ResultEvent, word: string): string {
  const { result } = event;
  const rc = result.get("rc");
  let text = `${event.host} | ${word} | rc=${rc === undefined ? -1 : str(rc)} >>\n`;
  for (const stream of ["stdout", "stderr", "msg"]) text += textOf(result.get(stream)) ?? "";
  return `${text}\n`;
}
