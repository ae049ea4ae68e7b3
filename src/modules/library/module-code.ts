/** The code of a module on disk as part of a step's key. */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeyInput, ModuleContext } from "../module.ts";
import type { FoundModule } from "./found-module.ts";
import type { LibraryServices } from "./library-services.ts";
import { moduleStyle } from "./module-style.ts";
import { shortName } from "./run-module.ts";

/**
 * Everything that can change what the module does: its file, what it imports from `module_utils`,
 * ansible-core's version, and the Python that may run it.
 */
export async function codeOf(
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
): Promise<readonly KeyInput[]> {
  const path = { kind: "path", path: found.path } as const;
  const code = await readFile(found.path);
  const mounted = await context.mountedPython?.();
  const inputs: KeyInput[] = [
    path,
    { kind: "bytes", name: "python", bytes: mounted?.digest ?? "" },
  ];
  if (found.action || moduleStyle(code) !== "python") return inputs;
  const packed =
    recall(found, mounted?.notes) ?? (await askDigest(found, services, context, mounted?.notes));
  inputs.push({ kind: "bytes", name: "module", bytes: packed.digest });
  inputs.push({ kind: "bytes", name: "ansible-core", bytes: packed.version });
  return inputs;
}

/** A digest with the files that it is of, as they were then. */
interface Note {
  readonly digest: string;
  readonly version: string;
  /** Path, inode, size and time of change in milliseconds. */
  readonly files: readonly (readonly [string, number, number, number])[];
}

async function askDigest(
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
  notes: string | undefined,
): Promise<Note> {
  const hosts = services.hosts(found.name, context.position);
  const { digest, files } = (await hosts.request({
    op: "digest",
    name: shortName(found.name),
    path: found.path,
  })) as { readonly digest: string; readonly files: readonly string[] };
  const note: Note = { digest, version: services.version, files: files.map(stamp) };
  if (notes !== undefined) {
    mkdirSync(notes, { recursive: true });
    const place = placeOf(found, notes);
    const temporary = `${place}.${randomUUID()}`;
    writeFileSync(temporary, JSON.stringify(note));
    renameSync(temporary, place);
  }
  return note;
}

/** What is known of the module, unless one of its files was changed since. */
function recall(found: FoundModule, notes: string | undefined): Note | undefined {
  if (notes === undefined) return undefined;
  try {
    const note = JSON.parse(readFileSync(placeOf(found, notes), "utf8")) as Note;
    const isCurrent = note.files.every((file) => String(stamp(file[0])) === String(file));
    return isCurrent ? note : undefined;
  } catch {
    // Not noted yet, or a file of it is gone.
    return undefined;
  }
}

function stamp(path: string): [string, number, number, number] {
  const { ino, size, ctimeMs } = statSync(path);
  return [path, ino, size, ctimeMs];
}

function placeOf(found: FoundModule, notes: string): string {
  const environment = [process.env.PATH, process.env.LAYERBOOK_PYTHON, process.env.PYTHONPATH];
  const name = createHash("sha256")
    .update(JSON.stringify([found, environment]))
    .digest("hex");
  return join(notes, `${name}.json`);
}
