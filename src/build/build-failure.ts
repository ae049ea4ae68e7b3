/** The message of a build that broke: what, where, why, and how to go on. */
import { type ExitCode, LayerbookError } from "../errors/index.ts";
import { type Dict, textOf } from "../values/model.ts";
import { toPlain } from "../values/python.ts";
import type { BrokenStep } from "./narrate.ts";

/** Members of a result that say why; in the order in which they are shown. */
const TELLING = ["msg", "cmd", "rc", "stdout", "stderr", "module_stderr", "exception"];
const MOST_LINES = 20;

/** @param kept is the failed state there for `layerbook shell`? */
export function buildFailure(
  broken: BrokenStep | undefined,
  exitCode: ExitCode,
  kept: boolean,
): LayerbookError {
  if (!broken) return new LayerbookError("the playbook failed", { exitCode });
  const { task, item } = broken;
  const title = task.role ? `${task.role} : ${task.name}` : task.name;
  const where = item === undefined ? "" : ` (item ${item})`;
  const why = task.noLog ? ["the result is hidden: no_log is set"] : reasons(broken.result);
  const look = kept ? "Look at what it left with 'layerbook shell'. " : "";
  return new LayerbookError([`task '${title}'${where} failed`, ...why].join("\n"), {
    position: task.position,
    hint: `${look}The next build goes on at this task: what came before it is cached.`,
    exitCode,
  });
}

function reasons(result: Dict): string[] {
  const lines: string[] = [];
  for (const key of TELLING) {
    const value = result.get(key);
    if (value === undefined || value === null || textOf(value) === "") continue;
    const text = (textOf(value) ?? JSON.stringify(toPlain(value))).trimEnd();
    const all = text.split("\n");
    const shown = all.length > MOST_LINES ? ["...", ...all.slice(-MOST_LINES)] : all;
    if (shown.length === 1) lines.push(`  ${key}: ${shown[0]}`);
    else lines.push(`  ${key}:`, ...shown.map((line) => `    ${line}`));
  }
  return lines;
}
