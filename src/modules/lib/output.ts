/** Output of commands as results show it. */
import { decodeBytes } from "./bytes.ts";

/** Python's `str.splitlines()`. */
export function splitLines(text: string): string[] {
  if (text === "") return [];
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Values `stdout`, `stderr` and their lines. */
export function outputFields(
  stdout: Buffer,
  stderr: Buffer,
  strip = true,
): {
  readonly stdout: string;
  readonly stderr: string;
  readonly stdout_lines: string[];
  readonly stderr_lines: string[];
} {
  const text = (bytes: Buffer) => {
    const decoded = decodeBytes(bytes);
    return strip ? decoded.replace(/[\r\n]+$/, "") : decoded;
  };
  const out = text(stdout);
  const err = text(stderr);
  return { stdout: out, stderr: err, stdout_lines: splitLines(out), stderr_lines: splitLines(err) };
}

/** `2026-11-24 08:22:45.426145`, in the controller's time zone. */
export function timeText(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}000`;
}

/** `0:00:00.003027`, as Python writes a time span. */
export function spanText(milliseconds: number): string {
  const micro = Math.round(milliseconds * 1000);
  const seconds = Math.floor(micro / 1e6);
  const two = (n: number) => String(n).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const fraction = micro % 1e6;
  const prefix = days === 0 ? "" : `${days} day${days === 1 ? "" : "s"}, `;
  const clock = `${hours}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return `${prefix}${clock}${fraction === 0 ? "" : `.${String(fraction).padStart(6, "0")}`}`;
}
