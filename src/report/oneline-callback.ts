/**
 * Ansible's `oneline` output: one line a host.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/oneline_callback.html
 */
import type { EngineEvent, Listener } from "../engine/events.ts";
import { textOf } from "../values/model.ts";
import { str } from "../values/python.ts";
import { type CallbackOptions, type HostResultEvent, jsonOf, shownResult } from "./callback.ts";

const PLAIN = /^(ansible\.(builtin|legacy)\.)?(command|raw|script|shell)$/;

export function onelineCallback(options: CallbackOptions): Listener {
  const { display } = options;
  const dumped = (event: HostResultEvent) =>
    jsonOf(shownResult(event, display.verbosity), { indent: 0 }).replaceAll("\n", "");
  const result = (event: HostResultEvent) => {
    const { host, status } = event;
    if (status === "skipped") display.show(`${host} | SKIPPED`, "skip");
    else if (status === "unreachable") {
      display.show(`${host} | UNREACHABLE!: ${str(event.result.get("msg") ?? "")}`, "unreachable");
    } else if (status === "failed") failed(event);
    else {
      const [word, tone] =
        status === "changed" ? (["CHANGED", "changed"] as const) : (["SUCCESS", "ok"] as const);
      const plain = PLAIN.test(event.task.action) && !event.result.has("ansible_job_id");
      display.show(plain ? plainText(event, word) : `${host} | ${word} => ${dumped(event)}`, tone);
    }
  };
  const failed = (event: HostResultEvent) => {
    const exception = textOf(event.result.get("exception"));
    if (exception !== undefined) {
      const last = exception.trim().split("\n").at(-1) ?? "";
      display.show(
        display.verbosity < 3
          ? `An exception occurred during task execution. To see the full traceback, use -vvv. The error was: ${last.trim()}`
          : `An exception occurred during task execution. The full traceback is:\n${exception.replaceAll("\n", "")}`,
        "error",
      );
    }
    if (PLAIN.test(event.task.action) && event.result.has("module_stderr")) {
      display.show(plainText(event, "FAILED"), "error");
    } else display.show(`${event.host} | FAILED! => ${dumped(event)}`, "error");
  };
  return (event: EngineEvent) => {
    if (event.type === "host-result") result(event);
    else if (event.type === "warning") display.warn(event.message);
    else if (event.type === "deprecation") display.deprecate(event.message);
  };
}

function plainText(event: HostResultEvent, word: string): string {
  const { result } = event;
  const text = (name: string) =>
    (textOf(result.get(name)) ?? "").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  const rc = result.get("rc");
  const lead = `${event.host} | ${word} | rc=${rc === undefined ? -1 : str(rc)}`;
  const stderr = text("stderr");
  return stderr === ""
    ? `${lead} | (stdout) ${text("stdout")}`
    : `${lead} | (stdout) ${text("stdout")} (stderr) ${stderr}`;
}
