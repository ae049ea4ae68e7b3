/** An image of one layer out of any tar of a filesystem. */
import { spawn } from "node:child_process";
import { PassThrough, Readable } from "node:stream";
import { EnvironmentError } from "../errors/index.ts";
import { compressionOf, decompressed } from "./compression.ts";
import { sha256 } from "./digest.ts";
import { encodeDocument, type Platform } from "./documents.ts";
import { ImageError } from "./errors.ts";
import type { Image, ImageConfig } from "./image.ts";
import { Spool } from "./spool.ts";
import { readTar, type TarHeader, TarWriter } from "./tar/index.ts";

export interface SingleLayerOptions {
  readonly platform: Platform;
  /** What `docker history` says of the layer. */
  readonly createdBy: string;
  /** Times of files later than this become this. Unix seconds. */
  readonly epoch?: number | undefined;
  /** Date of the image, in Unix seconds, asked for when the tar has been read; else `epoch`. */
  readonly created?: (() => number) | undefined;
  /** Files that are the builder's rather than the image's. */
  readonly leaveOut?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * The filesystem as one layer, in the plainest form: names without `./`, no user names, no access
 * times, sparse files filled. The same filesystem in another kind of tar is the same layer.
 *
 * @param tar compressed or not
 * @param what for messages
 */
export async function imageOfFilesystem(
  tar: Readable,
  what: string,
  options: SingleLayerOptions,
): Promise<Image> {
  const out = new PassThrough({ highWaterMark: 1 << 20 });
  const rewriting = rewrite(tar, out, what, options).catch((error) => {
    out.destroy(error);
  });
  const spool = await Spool.of(out, options.signal);
  await rewriting;
  const { os, architecture, variant } = options.platform;
  const created = isoTime(options.created?.() ?? options.epoch ?? 0);
  const config: ImageConfig = {
    created,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    os,
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Cmd: ["/bin/sh"],
    },
    rootfs: { type: "layers", diff_ids: [spool.digest] },
    history: [{ created, created_by: options.createdBy }],
  };
  const configBytes = encodeDocument(config);
  const layer = { diffId: spool.digest, size: spool.size, open: async () => spool.open() };
  return { config, configBytes, id: sha256(configBytes), layers: [layer] };
}

async function rewrite(
  input: Readable,
  out: PassThrough,
  what: string,
  { epoch, leaveOut = [] }: SingleLayerOptions,
): Promise<void> {
  const tar = new TarWriter(out);
  let members = 0;
  try {
    for await (const entry of readTar(await plainTar(input, what), {
      absolute: "relative",
      requireEnd: true,
    })) {
      members++;
      if (leaveOut.includes(entry.path.toString())) continue;
      const late = epoch !== undefined && entry.mtime.seconds >= epoch;
      const header: TarHeader = {
        type: entry.type,
        path: entry.path,
        linkPath: entry.linkPath,
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        size: entry.size,
        mtime: late ? { seconds: epoch, nanoseconds: 0 } : entry.mtime,
        devMajor: entry.devMajor,
        devMinor: entry.devMinor,
        xattrs: entry.xattrs,
      };
      await tar.add(header, entry.content());
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw error.name === "TarError"
      ? new ImageError(`${what}: ${error.message}`, { cause: error })
      : error;
  }
  if (members === 0) throw new ImageError(`${what} is an empty archive`);
  await tar.finish();
  out.end();
}

/** Undoes the compression; what zlib cannot, the program of that name does. */
async function plainTar(input: Readable, what: string): Promise<Readable> {
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next();
  const start = (first.value as Buffer | undefined) ?? Buffer.alloc(0);
  const rest = { [Symbol.asyncIterator]: () => iterator };
  const whole = Readable.from(
    (async function* () {
      yield start;
      yield* rest;
    })(),
    { objectMode: false },
  );
  const program = compressionOf(start);
  if (program === undefined || program === "gzip") return decompressed(whole, what);
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  const output = new PassThrough();
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.on("error", (cause) => {
    output.destroy(
      new EnvironmentError(`${what} is compressed with ${program}, which is not installed`, {
        hint: `Install it (Debian: apt-get install ${program === "xz" ? "xz-utils" : program}), or decompress the file.`,
        cause,
      }),
    );
  });
  child.stdin.on("error", () => undefined);
  whole.on("error", (error) => output.destroy(error));
  whole.pipe(child.stdin);
  child.stdout.pipe(output, { end: false });
  child.on("close", (code) => {
    if (code === 0) output.end();
    else output.destroy(new ImageError(`${what} cannot be decompressed: ${said.trim()}`));
  });
  return output;
}

export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** `SOURCE_DATE_EPOCH`, if it is set. @throws EnvironmentError when it is no number */
export function sourceDateEpoch(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = env.SOURCE_DATE_EPOCH;
  if (!text) return undefined;
  if (!/^\d{1,12}$/.test(text)) {
    throw new EnvironmentError(`SOURCE_DATE_EPOCH is '${text}', not a number of seconds`, {
      hint: "Set it to Unix time, for example `git log -1 --pretty=%ct`, or unset it.",
    });
  }
  return Number(text);
}
