/**
 * The layers of an image as what is in them, from the store where it was built, else from the image
 * itself, wherever it is.
 */
import { createHash } from "node:crypto";
import type { SourcePosition } from "../errors/index.ts";
import type { HistoryEntry, Image, LayerSource } from "../oci/image.ts";
import { readTar, type TarEntry } from "../oci/tar/index.ts";
import { foldLayers } from "../workspace/fold.ts";
import type { Entry } from "../workspace/manifest.ts";
import type { LayerId, Workspace } from "../workspace/workspace.ts";
import type { BaseSource } from "./base-image.ts";
import { type BuildRecord, titleOf } from "./build-record.ts";
import { type LayerTable, recallLayers } from "./layer-rows.ts";
import type { StepStore } from "./step-store.ts";

export interface TaskName {
  /** With the role. */
  readonly title: string;
  /** Where it stands, if that is known. */
  readonly position: SourcePosition | undefined;
}

/** A layer of an image, or what one step left. */
export interface StackLayer {
  /** The tasks behind it; none for layers of the base image. */
  readonly tasks: readonly TaskName[];
  /** What made it, where no task did: a line of the image's history. */
  readonly origin: string | undefined;
  /** ISO date. */
  readonly created: string | undefined;
  /** Its paths, parents first; names are bytes as latin1. */
  entries(): Promise<readonly Entry[]>;
  /** Its content as a tar. */
  source(): Promise<LayerSource>;
}

export interface ImageStack {
  readonly name: string;
  readonly id: string;
  readonly layers: readonly StackLayer[];
  /** Is each layer what one step left, rather than a layer of the image? */
  readonly bySteps: boolean;
  /** Reads the image's configuration. */
  readonly image: (() => Promise<Image>) | undefined;
}

export interface StackRequest {
  /** As the user wrote it. */
  readonly name: string;
  readonly source: BaseSource;
  readonly store: StepStore;
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  /** What each step left, where the store still has it, rather than the image's own layers. */
  readonly bySteps: boolean;
}

/** @throws LayerbookError when there is no such image */
export async function stackOf(request: StackRequest): Promise<ImageStack> {
  const { name, signal, source, store, workspace } = request;
  const { transport, reference } = source;
  let known: Promise<Image> | undefined;
  const image = () => {
    known ??= transport.read(reference, { signal });
    return known;
  };
  const identity = (await transport.identify(reference, { signal })) ?? (await image()).id;
  const table = recallLayers(store, identity);
  const layers = table && (await fromTable(table, workspace, request.bySteps));
  if (layers) return { name, id: identity, layers, bySteps: request.bySteps, image };
  const read = await image();
  return { name, id: read.id, layers: fromImage(read, table), bySteps: false, image };
}

/** What the last build of an image did, up to and with a step. */
export function stackOfSteps(
  record: BuildRecord,
  count: number,
  name: string,
  workspace: Workspace,
): ImageStack {
  const steps = record.steps
    .slice(0, count)
    .flatMap((step) =>
      step.layer
        ? [stored([step.layer.id], [{ title: titleOf(step), position: step.position }], workspace)]
        : [],
    );
  const base = record.base.layers.map((id) => stored([id], [], workspace));
  const id = record.delivered?.id ?? "";
  return { name, id, layers: [...base, ...steps], bySteps: true, image: undefined };
}

async function fromTable(
  table: LayerTable,
  workspace: Workspace,
  bySteps: boolean,
): Promise<readonly StackLayer[] | undefined> {
  if (!workspace.entries || !table.baseLayers) return undefined;
  const layers = table.baseLayers.map((id) => stored([id], [], workspace));
  const needed = [...table.baseLayers];
  for (const row of table.layers) {
    if (!row.parts) return undefined;
    needed.push(...row.parts.map((part) => part.layer));
    const named = row.parts.map((part) => ({
      id: part.layer,
      task: { title: part.task, position: part.position },
    }));
    if (bySteps) layers.push(...named.map(({ id, task }) => stored([id], [task], workspace)));
    else {
      const ids = named.map(({ id }) => id);
      layers.push(stored(ids, unique(named.map(({ task }) => task)), workspace));
    }
  }
  for (const id of needed) if (!(await workspace.has(id))) return undefined;
  return layers;
}

function unique(tasks: readonly TaskName[]): TaskName[] {
  return [...new Map(tasks.map((task) => [task.title, task])).values()];
}

/** Layers of the store, lowest first, as one. */
function stored(
  ids: readonly LayerId[],
  tasks: readonly TaskName[],
  workspace: Workspace,
): StackLayer {
  let known: Promise<readonly Entry[]> | undefined;
  const read = async () => {
    const manifests = await Promise.all(
      ids.map(
        async (id) =>
          (await workspace.entries?.(id)) ??
          (await entriesOf(await workspace.exportLayer([id], 0))),
      ),
    );
    const [only] = manifests;
    return manifests.length === 1 && only
      ? only
      : foldLayers(manifests).map((folded) => folded.entry);
  };
  return {
    tasks,
    origin: tasks.length === 0 ? "base image" : undefined,
    created: undefined,
    entries: () => {
      known ??= read();
      return known;
    },
    source: () => workspace.exportLayer(ids, 0),
  };
}

function fromImage(image: Image, table: LayerTable | undefined): readonly StackLayer[] {
  const history = (image.config.history ?? []).filter((entry) => !entry.empty_layer);
  const offset = image.layers.length - history.length;
  return image.layers.map((source, index) => {
    const told = history[index - offset];
    const row = table?.layers[index - table.base];
    const tasks = row ? row.tasks.map((title) => ({ title, position: undefined })) : tasksOf(told);
    let known: Promise<readonly Entry[]> | undefined;
    return {
      tasks,
      origin: tasks.length > 0 ? undefined : (told?.created_by ?? "base image"),
      created: told?.created,
      entries: () => {
        known ??= entriesOf(source);
        return known;
      },
      source: async () => source,
    };
  });
}

/** `TASK a (copy) + b (template)`, as the assembled image has it. */
function tasksOf(entry: HistoryEntry | undefined): TaskName[] {
  const text = entry?.created_by;
  if (entry?.comment !== "layerbook" || !text?.startsWith("TASK ")) return [];
  return text
    .slice("TASK ".length)
    .split(/(?<=\([A-Za-z0-9_.]+\)) \+ /)
    .map((title) => ({ title: title.replace(/ \([A-Za-z0-9_.]+\)$/, ""), position: undefined }));
}

const OPAQUE = ".wh..wh..opq";
const WHITEOUT = ".wh.";

/** What a layer's tar holds, as the store's manifests say it. */
async function entriesOf(source: LayerSource): Promise<readonly Entry[]> {
  const entries = new Map<string, Entry>();
  const opaque: string[] = [];
  for await (const member of readTar(await source.open(), { absolute: "relative" })) {
    const path = member.path.toString("latin1");
    const slash = path.lastIndexOf("/");
    const [folder, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
    if (name === OPAQUE) opaque.push(folder);
    else if (name.startsWith(WHITEOUT)) {
      const gone = `${folder === "" ? "" : `${folder}/`}${name.slice(WHITEOUT.length)}`;
      entries.set(gone, { ...NOTHING, path: gone, type: "whiteout" });
    } else entries.set(path, await entryOf(path, member, entries));
  }
  for (const folder of opaque) {
    const entry = entries.get(folder);
    if (entry) entries.set(folder, { ...entry, opaque: true });
  }
  const sorted = [...entries.values()];
  return sorted.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

const NOTHING = { mode: 0, uid: 0, gid: 0, size: 0, mtime: 0n, major: 0, minor: 0, xattrs: [] };

async function entryOf(
  path: string,
  member: TarEntry,
  before: ReadonlyMap<string, Entry>,
): Promise<Entry> {
  const { type, mode, uid, gid, size, mtime } = member;
  const common = {
    path,
    mode,
    uid,
    gid,
    size,
    mtime: BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds),
    major: member.devMajor ?? 0,
    minor: member.devMinor ?? 0,
    xattrs: [...(member.xattrs ?? [])]
      .map(([name, value]) => [name, value.toString("hex")] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  };
  const target = member.linkPath?.toString("latin1");
  if (type === "hardlink") {
    const first = before.get(target ?? "");
    return {
      ...common,
      type: "file",
      size: first?.size ?? 0,
      mode: first?.mode ?? mode,
      ...(first?.hash !== undefined && { hash: first.hash }),
      hardlink: target ?? "",
    };
  }
  if (type === "symlink") return { ...common, type, target: target ?? "" };
  if (type !== "file") return { ...common, type };
  const hash = createHash("sha256");
  for await (const chunk of member.content()) hash.update(chunk);
  return { ...common, type, hash: hash.digest("hex") };
}

/**
 * Contents of files of a layer, read in one pass.
 * @param paths as in the entries
 * @param limit bytes; larger files are left out
 */
export async function readFiles(
  layer: StackLayer,
  paths: ReadonlySet<string>,
  limit: number,
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const source = await layer.source();
  for await (const member of readTar(await source.open(), { absolute: "relative" })) {
    const path = member.path.toString("latin1");
    if (member.type !== "file" || member.size > limit || !paths.has(path)) continue;
    found.set(path, await member.bytes(limit));
    if (found.size === paths.size) break;
  }
  return found;
}

/** A path as a person writes it, as manifests write it: bytes, from the root. */
export function manifestPath(text: string): string {
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  return Buffer.from(parts.join("/")).toString("latin1");
}

/** The other way round. */
export function shownPath(path: string): string {
  return `/${Buffer.from(path, "latin1").toString("utf8")}`;
}
