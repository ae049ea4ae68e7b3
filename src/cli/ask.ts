/** Questions to the person at the terminal; without one, answers are lines of standard input. */
import { readSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UsageError } from "../errors/index.ts";

/** Reads a line without showing it. */
export async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  if (stdin.isTTY !== true) {
    const line = readLine();
    if (line === undefined)
      throw new UsageError("a password was asked for, and standard input ended");
    stderr.write("\n");
    return line;
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: silent, terminal: true });
  try {
    return await reader.question("");
  } finally {
    reader.close();
    stderr.write("\n");
  }
}

/** Reads a line as it is typed; empty where standard input has ended. */
export async function askLine(question: string): Promise<string> {
  const { stdin, stdout } = process;
  if (stdin.isTTY === true) {
    const reader = createInterface({ input: stdin, output: stdout });
    try {
      return await reader.question(question);
    } finally {
      reader.close();
    }
  }
  stdout.write(question);
  return readLine() ?? "";
}

/** All of standard input. */
export function readInput(): Buffer {
  const parts: Buffer[] = [];
  for (let part = readSome(65_536); part.length > 0; part = readSome(65_536)) parts.push(part);
  return Buffer.concat(parts);
}

/** The next line, without its end; `undefined` after the last one. Nothing beyond it is read. */
function readLine(): string | undefined {
  const bytes: number[] = [];
  for (;;) {
    const byte = readSome(1)[0];
    if (byte === undefined && bytes.length === 0) return undefined;
    if (byte === undefined || byte === 0x0a)
      return Buffer.from(bytes).toString().replace(/\r$/, "");
    bytes.push(byte);
  }
}

function readSome(size: number): Buffer {
  const buffer = Buffer.alloc(size);
  for (;;) {
    try {
      return buffer.subarray(0, readSync(0, buffer));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return buffer.subarray(0, 0);
      if (code !== "EAGAIN") throw error;
      // Whoever gave the pipe made it one that does not wait.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
