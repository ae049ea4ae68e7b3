/** The context of a build as a tar stream: a folder of the machine where the task runs. */
import { isAbsolute, join, relative } from "node:path";
import { Readable } from "node:stream";
import { quote } from "../../../connection/connection.ts";
import { messageOf } from "../../../errors/index.ts";
import { fail } from "../../lib/failure.ts";
import { tarHeader, tarPadding } from "../../lib/tar.ts";
import type { Daemon } from "../lib/daemon.ts";
import { dockerignore } from "./dockerignore.ts";

export interface BuildContext {
  readonly archive: Readable;
  /** The Dockerfile's name in the archive. */
  readonly dockerfile: string;
  /** Its text. */
  readonly text: string;
}

/** Name in the archive of a Dockerfile that does not lie in the folder. */
const OUTSIDE = ".dockerfile.layerbook";

/** @param dockerfile relative to the folder, or absolute; default `Dockerfile` */
export async function buildContext(
  daemon: Daemon,
  path: string,
  dockerfile: string | undefined,
): Promise<BuildContext> {
  const folder = await daemon.absolute(path);
  const name = dockerfile ?? "Dockerfile";
  const inside = isAbsolute(name) ? relative(folder, name) : name;
  const outside = inside.startsWith("..") || isAbsolute(inside);
  const file = isAbsolute(name) ? name : join(folder, name);
  const text = await daemon.readText(file);
  if (text === undefined) return fail(`there is no Dockerfile ${file}`);
  const rules = await ignoreRules(daemon, folder, file);
  const ignored = dockerignore(rules ?? "");
  const kept = (await filesOf(daemon, folder)).filter(
    (entry) => !ignored(entry) || entry === inside || entry === ".dockerignore",
  );
  const archive = Readable.from(archiveOf(daemon, folder, kept, outside ? text : undefined));
  return { archive, dockerfile: outside ? OUTSIDE : inside, text };
}

/** A Dockerfile may have an ignore file of its own. */
async function ignoreRules(daemon: Daemon, folder: string, file: string) {
  return (
    (await daemon.readText(`${file}.dockerignore`)) ??
    (await daemon.readText(join(folder, ".dockerignore")))
  );
}

async function filesOf(daemon: Daemon, folder: string): Promise<string[]> {
  const chunks: Buffer[] = [];
  try {
    const found = await daemon.program(`cd -- ${quote(folder)} && exec find . -mindepth 1 -print0`);
    found.end();
    for await (const chunk of found) chunks.push(chunk as Buffer);
  } catch (error) {
    return fail(`cannot read the folder ${folder}: ${messageOf(error)}`);
  }
  return Buffer.concat(chunks)
    .toString("utf8")
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => entry.slice(2));
}

async function* archiveOf(
  daemon: Daemon,
  folder: string,
  files: readonly string[],
  dockerfile: string | undefined,
): AsyncGenerator<Buffer> {
  if (dockerfile !== undefined) {
    const bytes = Buffer.from(dockerfile);
    const entry = { mode: 0o644, uid: 0, gid: 0, modified: 0, size: bytes.length };
    yield tarHeader({ name: OUTSIDE, type: "file", ...entry });
    yield bytes;
    yield tarPadding(bytes.length);
  }
  const script = `cd -- ${quote(folder)} && exec tar --null -T - --no-recursion -cf -`;
  const packed = await daemon.program(script);
  packed.end(files.map((entry) => `./${entry}\0`).join(""));
  for await (const chunk of packed) yield chunk as Buffer;
}

/** Registries that the stages of a Dockerfile come from. */
export function baseImages(dockerfile: string): string[] {
  const found = [...dockerfile.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)/gim)];
  return found.flatMap(([, name]) => (name === undefined || name.includes("$") ? [] : [name]));
}
