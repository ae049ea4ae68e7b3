/** Reads the files of a container that a listing says have changed. */
import { createHash } from "node:crypto";
import { PassThrough } from "node:stream";
import type { Connection } from "../connection/connection.ts";
import type { DockerClient } from "../docker/index.ts";
import { readTar, type TarEntry } from "../oci/tar/index.ts";
import { WorkspaceError } from "../workspace/errors.ts";
import { ENGINE_FILES, hasSeveralNames, type Listing, type Tools } from "./listing.ts";

/** Up to here files are asked for one by one; beyond, the whole filesystem is read once. */
const FEW = 8;

export interface Source {
  readonly client: DockerClient;
  readonly container: string;
  readonly connection: Connection;
  readonly tools: Tools;
}

/**
 * The members of the given paths, each without what is below it. Paths are in byte order, latin1.
 * With GNU tar in the container one command; else through the Engine, which keeps file capabilities.
 */
export async function* readPaths(
  source: Source,
  paths: readonly string[],
  listing: Listing,
): AsyncGenerator<TarEntry> {
  if (paths.length === 0) return;
  // One by one the names of a file with several could not be told from files.
  const simple = (path: string) => isText(path) && !hasSeveralNames(listing.records.get(path));
  if (source.tools.tar) yield* byTar(source.connection, paths);
  else if (paths.length <= FEW && paths.every(simple)) yield* byArchives(source, paths);
  else {
    const wanted = new Set(paths);
    for await (const member of wholeFilesystem(source)) {
      if (wanted.has(member.path.toString("latin1"))) yield member;
    }
  }
}

/** Every file of the container as the Engine gives it; mounts are empty in it. */
export async function* wholeFilesystem(source: Source): AsyncGenerator<TarEntry> {
  const stream = await source.client.containers.export(source.container);
  yield* readTar(stream as AsyncIterable<Uint8Array>, { absolute: "relative" });
}

/** pax keeps times to the nanosecond. atime and ctime would differ each time. */
const TAR = `cd / && exec tar --create --file=- --format=posix --pax-option=delete=atime,delete=ctime \\
  --no-recursion --null --files-from=- --numeric-owner --xattrs --xattrs-include='*'`;

async function* byTar(connection: Connection, paths: readonly string[]): AsyncGenerator<TarEntry> {
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  const stdin = Buffer.from(paths.map((path) => `./${path}\0`).join(""), "latin1");
  let said = "";
  const running = connection
    .run(TAR, {
      stdin,
      collect: false,
      onOutput: (stream, chunk) => {
        if (stream === "stderr") {
          said = `${said}${chunk}`.slice(-2000);
          return;
        }
        if (output.write(chunk) || output.destroyed) return;
        return new Promise<void>((resolve) => {
          output.once("drain", resolve);
          output.once("close", resolve);
        });
      },
    })
    .then(
      ({ rc }) => {
        // 1: a file changed while it was read, which nothing alive could have done.
        if (rc > 1) {
          output.destroy(
            new WorkspaceError(`tar in the container has failed: ${said.trim() || `code ${rc}`}`),
          );
        } else output.end();
      },
      (error: Error) => void output.destroy(error),
    );
  try {
    yield* readTar(output, { absolute: "relative" });
  } finally {
    output.destroy();
    await running;
  }
}

async function* byArchives(
  { client, container }: Source,
  paths: readonly string[],
): AsyncGenerator<TarEntry> {
  for (const path of paths) {
    const full = `/${Buffer.from(path, "latin1").toString("utf8")}`;
    const { archive } = await client.containers.getArchive(container, full);
    try {
      for await (const member of readTar(archive as AsyncIterable<Uint8Array>)) {
        // Members are below the base name, and a directory's own is the first.
        yield { ...member, path: Buffer.from(path, "latin1") };
        break;
      }
    } finally {
      archive.destroy();
    }
  }
}

/** The listing where the container has no tool for it: the Engine gives every byte, which takes a while. */
export async function listWhole(source: Source): Promise<Listing> {
  const records = new Map<string, string>();
  for await (const member of wholeFilesystem(source)) {
    const { type, mode, uid, gid, size } = member;
    const hash = createHash("sha256");
    hash.update(member.linkPath ?? "");
    for (const [name, value] of member.xattrs ?? [])
      hash.update(`${name}=${value.toString("hex")};`);
    if (type === "file") for await (const chunk of member.content()) hash.update(chunk);
    const kind = type === "directory" ? "d" : type;
    const record = `${kind} ${mode.toString(8)} ${uid} ${gid} ${size} 1 0 0 ${hash.digest("hex")}`;
    records.set(member.path.toString("latin1"), record);
  }
  for (const path of ENGINE_FILES) records.delete(path);
  return { records, begun: 0 };
}

/** Names that are no UTF-8 cannot be asked for. */
function isText(path: string): boolean {
  const bytes = Buffer.from(path, "latin1");
  return Buffer.from(bytes.toString("utf8")).equals(bytes);
}
