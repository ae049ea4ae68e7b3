/** The streams of JSON objects in which the daemon tells how a pull, push or load goes. */
import type { Readable } from "node:stream";
import { DockerError } from "./errors.ts";

export interface ProgressMessage {
  readonly status?: string;
  readonly stream?: string;
  /** The layer that it is about. */
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly aux?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string; readonly code?: number };
}

/** Objects of a stream, one a line. A line of any length is taken in linear time. */
export async function* jsonLines<T>(stream: Readable): AsyncGenerator<T> {
  let parts: Buffer[] = [];
  for await (const data of stream) {
    let chunk = data as Buffer;
    for (;;) {
      const newline = chunk.indexOf(10);
      if (newline < 0) break;
      parts.push(chunk.subarray(0, newline));
      const line = Buffer.concat(parts).toString("utf8").trim();
      parts = [];
      chunk = chunk.subarray(newline + 1);
      if (line !== "") yield JSON.parse(line) as T;
    }
    if (chunk.length > 0) parts.push(chunk);
  }
  const rest = Buffer.concat(parts).toString("utf8").trim();
  if (rest !== "") yield JSON.parse(rest) as T;
}

/**
 * Reads to the end.
 * @throws DockerError when the daemon reports a failure on the way (the HTTP status is 200 by then)
 */
export async function followProgress(
  stream: Readable,
  what: string,
  onMessage?: (message: ProgressMessage) => void,
): Promise<ProgressMessage[]> {
  const messages: ProgressMessage[] = [];
  for await (const message of jsonLines<ProgressMessage>(stream)) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) {
      throw new DockerError(message.errorDetail?.code ?? 500, failure, what);
    }
    onMessage?.(message);
    if (message.aux || message.stream) messages.push(message);
  }
  return messages;
}
