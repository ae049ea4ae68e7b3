/** Content that goes from the controller to the target: bytes, or a file that is streamed. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Input, ModuleContext } from "../module.ts";

/** Files larger than this are streamed, not held. */
const HELD = 1 << 20;

export interface Source {
  readonly input: Input;
  readonly size: number;
  readonly sha1: string;
  readonly md5: string;
  /** The bytes, where they are held. */
  readonly bytes: Buffer | undefined;
}

export function sourceOfBytes(bytes: Buffer): Source {
  const sha1 = createHash("sha1").update(bytes).digest("hex");
  const md5 = createHash("md5").update(bytes).digest("hex");
  return { input: bytes, size: bytes.length, sha1, md5, bytes };
}

/** @param decrypt whether a vault file is decrypted */
export async function sourceOfFile(
  context: ModuleContext,
  path: string,
  decrypt: boolean,
): Promise<Source> {
  const { size } = await stat(path);
  if (size <= HELD || (decrypt && (await context.controller.isVault(path)))) {
    if (decrypt) return sourceOfBytes(await context.controller.read(path));
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(path)) chunks.push(chunk as Buffer);
    return sourceOfBytes(Buffer.concat(chunks));
  }
  const sha1 = createHash("sha1");
  const md5 = createHash("md5");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    sha1.update(chunk as Buffer);
    md5.update(chunk as Buffer);
  }
  return {
    input: { path },
    size,
    sha1: sha1.digest("hex"),
    md5: md5.digest("hex"),
    bytes: undefined,
  };
}
