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

/** Reads a line as it is typed; without a terminal from standard input, empty at its end. */
export async function askLine(question: string): Promise<string> {
  const reader = lines();
  process.stdout.write(question);
  const { value, done } = await reader.next();
  return done ? "" : value;
}

let shared: AsyncIterator<string> | undefined;

/** Standard input, read on from question to question: what one reader has read ahead is not lost. */
function lines(): AsyncIterator<string> {
  shared ??= createInterface({ input: process.stdin, terminal: false })[Symbol.asyncIterator]();
  return shared;
}
