/**
 * The Engine's way to send stdout and stderr over one connection: frames of one byte for the stream,
 * three zeros, and four for the length. https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
import { type Duplex, Readable, Writable } from "node:stream";
import type { Hijacked } from "./http.ts";

/** The streams of a process in a container. */
export interface Attached {
  /** Ending it half-closes the connection: the process sees the end of its input, output goes on. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Ends at once for a process with a terminal, whose output is all `stdout`. */
  readonly stderr: Readable;
  /** Resolves when the connection is closed, with the error if there was one. */
  readonly closed: Promise<Error | undefined>;
  /** Closes the connection. The process is not killed by it. */
  destroy(): void;
}

/** @param tty a process with a terminal sends no frames */
export function attach({ socket, head }: Hijacked, tty: boolean): Attached {
  const resume = () => void socket.resume();
  const stdout = new Readable({ read: resume });
  const stderr = new Readable({ read: resume });
  const demultiplex = tty ? (chunk: Buffer) => stdout.push(chunk) : demultiplexer(stdout, stderr);
  if (tty) stderr.push(null);
  const closed = new Promise<Error | undefined>((resolve) => {
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure = error;
    });
    const finish = () => {
      stdout.push(null);
      if (!tty) stderr.push(null);
      resolve(failure);
    };
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      finish();
    };
    socket.on("end", () => {
      once();
      socket.destroy();
    });
    socket.on("close", once);
  });
  const feed = (chunk: Buffer) => {
    if (chunk.length > 0 && !demultiplex(chunk)) socket.pause();
  };
  socket.on("data", feed);
  feed(head);
  return { stdin: inputOf(socket), stdout, stderr, closed, destroy: () => void socket.destroy() };
}

/** A function that takes the bytes as they come; its answer is false when a reader is behind. */
export function demultiplexer(stdout: Readable, stderr: Readable): (chunk: Buffer) => boolean {
  const header = Buffer.alloc(8);
  let headerBytes = 0;
  let left = 0;
  let target = stdout;
  return (chunk) => {
    let room = true;
    let at = 0;
    while (at < chunk.length) {
      if (left === 0) {
        const copied = chunk.copy(header, headerBytes, at, at + 8 - headerBytes);
        headerBytes += copied;
        at += copied;
        if (headerBytes < 8) return room;
        headerBytes = 0;
        left = header.readUInt32BE(4);
        target = header[0] === 2 ? stderr : stdout;
        continue;
      }
      const part = chunk.subarray(at, at + left);
      at += part.length;
      left -= part.length;
      if (!target.push(part)) room = false;
    }
    return room;
  };
}

/** A stream that can be destroyed without taking the output with it. */
function inputOf(socket: Duplex): Writable {
  const stdin = new Writable({
    highWaterMark: 1 << 16,
    write(chunk: Buffer, _encoding, done) {
      if (socket.destroyed) done(new Error("the connection is closed"));
      else if (socket.write(chunk)) done();
      else {
        const go = () => {
          socket.off("drain", go);
          socket.off("close", go);
          done();
        };
        socket.on("drain", go);
        socket.on("close", go);
      }
    },
    final(done) {
      socket.end();
      done();
    },
    destroy(error, done) {
      if (!socket.writableEnded) socket.end();
      done(error);
    },
  });
  stdin.on("error", () => undefined);
  return stdin;
}
