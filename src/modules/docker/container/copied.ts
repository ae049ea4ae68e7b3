/** One file, link or folder of a container, as the archive endpoint gives it. */
import { posix } from "node:path";
import { type DockerClient, DockerError, isNotFound } from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";

export interface CopiedFile {
  readonly type: "file" | "link" | "directory" | "other";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly target: string;
  /** Content of a file; empty for everything else. */
  readonly content: Buffer;
}

/** No real path goes through more links. */
const MOST_LINKS = 40;
const BLOCK = 512;

/** What stands at a path; `undefined` for nothing. Links are not followed. */
export async function readCopied(
  client: DockerClient,
  container: string,
  path: string,
): Promise<CopiedFile | undefined> {
  try {
    const { archive } = await client.containers.getArchive(container, path);
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    return firstEntry(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof DockerError && isNotFound(error)) {
      if (/no such container/i.test(error.daemonMessage)) {
        return fail(`Could not find container "${container}" or resource in it`);
      }
      return undefined;
    }
    throw error;
  }
}

/** The path behind the links of its last part. */
export async function resolveLinks(
  client: DockerClient,
  container: string,
  path: string,
): Promise<string> {
  let place = path;
  for (let count = 0; count < MOST_LINKS; count++) {
    const found = await readCopied(client, container, place);
    if (found?.type !== "link") return place;
    place = posix.resolve(posix.dirname(place), found.target);
  }
  return fail(`${path} in the container is a link that leads to itself`);
}

/** The first entry of a tar; extended headers give its size and the target of a link. */
function firstEntry(tar: Buffer): CopiedFile | undefined {
  let at = 0;
  let longTarget: string | undefined;
  let longSize: number | undefined;
  while (at + BLOCK <= tar.length) {
    const block = tar.subarray(at, at + BLOCK);
    const type = String.fromCharCode(block[156] ?? 0);
    const size = longSize ?? numberOf(block, 124, 12);
    const body = tar.subarray(at + BLOCK, at + BLOCK + size);
    if ("xgLK".includes(type)) {
      if (type === "K") longTarget = body.toString("utf8").replace(/\0.*$/s, "");
      if (type === "x") {
        longTarget = pax(body, "linkpath") ?? longTarget;
        const given = pax(body, "size");
        longSize = given === undefined ? undefined : Number(given);
      }
      at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
      continue;
    }
    const target = longTarget ?? block.toString("utf8", 157, 257).replace(/\0.*$/s, "");
    const kind =
      type === "0" || type === "\0"
        ? "file"
        : type === "2"
          ? "link"
          : type === "5"
            ? "directory"
            : "other";
    return {
      type: kind,
      mode: numberOf(block, 100, 8) & 0o7777,
      uid: numberOf(block, 108, 8),
      gid: numberOf(block, 116, 8),
      target,
      content: kind === "file" ? Buffer.from(body) : Buffer.alloc(0),
    };
  }
  return undefined;
}

function pax(body: Buffer, key: string): string | undefined {
  return new RegExp(`^\\d+ ${key}=(.*)$`, "m").exec(body.toString("utf8"))?.[1];
}

function numberOf(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) === 0) {
    const text = block.toString("latin1", at, at + length).replace(/[\0 ].*$/s, "");
    return text === "" ? 0 : Number.parseInt(text, 8);
  }
  let value = 0;
  for (let index = at + 1; index < at + length; index++) value = value * 256 + (block[index] ?? 0);
  return value;
}
