/** Questions to the person at the terminal. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UsageError } from "../errors/index.ts";

/** Reads a line without showing it. Without a terminal it is read from standard input. */
export async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: silent, terminal: stdin.isTTY === true });
  try {
    for await (const line of reader) return line;
    throw new UsageError("a password was asked for, and standard input ended");
  } finally {
    reader.close();
    stderr.write("\n");
  }
}
