/**
 * One script that reports several things. It writes a line of `\001name` before each part; the
 * parts come back by name. A part keeps every byte it has, its final newline included.
 */
import type { RunResult } from "../module.ts";

/** The command that begins a part. `name` is a word. */
export function section(name: string): string {
  return `printf '\\001${name}\\n'`;
}

/** The parts of a script's standard output by name. Text before the first part is named "". */
export function parseSections(output: Buffer): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const [index, piece] of output.toString("utf8").split("\u0001").entries()) {
    if (index === 0) {
      if (piece !== "") parts.set("", piece);
      continue;
    }
    const end = piece.indexOf("\n");
    const name = end < 0 ? piece : piece.slice(0, end);
    parts.set(name, end < 0 ? "" : piece.slice(end + 1));
  }
  return parts;
}

/** Lines of a text without their ends; no empty line for the final newline. */
export function linesOf(text: string | undefined): string[] {
  if (!text) return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Standard output as text. */
export function outputOf(result: RunResult): string {
  return result.stdout.toString("utf8");
}

/** Standard error as text. */
export function errorOf(result: RunResult): string {
  return result.stderr.toString("utf8");
}

/** `stdout` and `stderr` where they are not empty, as modules that wrap a command return them. */
export function spoken(stdout: string, stderr: string): { stdout?: string; stderr?: string } {
  return { ...(stdout ? { stdout } : {}), ...(stderr ? { stderr } : {}) };
}
