/** How two images differ: their files and their configurations. */
import type { RunConfig } from "../oci/image.ts";
import type { Entry } from "../workspace/manifest.ts";
import { type ImageStack, readFiles } from "./image-stack.ts";
import { differingParts, MergedTree, type Placed } from "./merged-tree.ts";

/** Larger files are compared by digest only. Bytes. */
const LONGEST_TEXT = 512 << 10;
/** No more than so many files are shown as texts. */
const MOST_TEXTS = 500;

export interface FileDifference {
  /** Bytes as latin1. */
  readonly path: string;
  readonly kind: "added" | "changed" | "removed";
  /** In which ways a changed path differs. */
  readonly parts: readonly string[];
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
  /** Both contents, of text files whose content differs. */
  readonly texts: { readonly before: string; readonly after: string } | undefined;
}

export interface ConfigDifference {
  /** `Cmd`, `Env`, `Labels`. */
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface ImageDifference {
  readonly files: readonly FileDifference[];
  readonly config: readonly ConfigDifference[];
}

/** @param below only paths at or below this one, as manifests write it; "" for all */
export async function differenceOf(
  before: ImageStack,
  after: ImageStack,
  below: string,
): Promise<ImageDifference> {
  const [old, now] = [await merge(before), await merge(after)];
  const files: FileDifference[] = [];
  const isWanted = (path: string) =>
    path !== "" && (below === "" || path === below || path.startsWith(`${below}/`));
  for (const [path, placed] of old.all()) {
    if (!isWanted(path)) continue;
    const other = now.get(path);
    const parts = other ? differingParts(placed.entry, other.entry) : [];
    if (other && parts.length === 0) continue;
    const kind = other ? "changed" : "removed";
    files.push({ path, kind, parts, before: placed.entry, after: other?.entry, texts: undefined });
  }
  for (const [path, placed] of now.all()) {
    if (!isWanted(path) || old.get(path)) continue;
    const common = { path, kind: "added", parts: [], before: undefined, texts: undefined } as const;
    files.push({ ...common, after: placed.entry });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return {
    files: await withTexts(files, [before, old], [after, now]),
    config: await configDifferences(before, after),
  };
}

async function merge(stack: ImageStack): Promise<MergedTree> {
  const tree = new MergedTree();
  for (const layer of stack.layers) tree.apply(await layer.entries());
  return tree;
}

type Side = readonly [ImageStack, MergedTree];

async function withTexts(
  files: readonly FileDifference[],
  old: Side,
  now: Side,
): Promise<readonly FileDifference[]> {
  const wanted = files
    .filter((file) => file.parts.includes("content"))
    .filter((file) => [file.before, file.after].every((one) => (one?.size ?? 0) <= LONGEST_TEXT))
    .slice(0, MOST_TEXTS)
    .map((file) => file.path);
  const [before, after] = [await contents(wanted, old), await contents(wanted, now)];
  return files.map((file) => {
    const [a, b] = [before.get(file.path), after.get(file.path)];
    if (!a || !b || !isText(a) || !isText(b)) return file;
    return { ...file, texts: { before: a.toString(), after: b.toString() } };
  });
}

function isText(bytes: Buffer): boolean {
  return !bytes.includes(0);
}

/** Contents from the layers that they are in; a hard link's are those of its first name. */
async function contents(
  paths: readonly string[],
  [stack, tree]: Side,
): Promise<ReadonlyMap<string, Buffer>> {
  const byLayer = new Map<number, Map<string, string>>();
  for (const path of paths) {
    const placed = tree.get(path) as Placed;
    const inLayer = byLayer.get(placed.layer) ?? new Map<string, string>();
    inLayer.set(path, placed.entry.hardlink ?? path);
    byLayer.set(placed.layer, inLayer);
  }
  const found = new Map<string, Buffer>();
  for (const [index, names] of byLayer) {
    const layer = stack.layers[index];
    if (!layer) continue;
    const read = await readFiles(layer, new Set(names.values()), LONGEST_TEXT);
    for (const [path, stored] of names) {
      const bytes = read.get(stored);
      if (bytes) found.set(path, bytes);
    }
  }
  return found;
}

async function configDifferences(
  before: ImageStack,
  after: ImageStack,
): Promise<readonly ConfigDifference[]> {
  if (!before.image || !after.image) return [];
  const [a, b] = [await before.image(), await after.image()];
  const differences = compare(a.config.config ?? {}, b.config.config ?? {});
  for (const name of ["os", "architecture", "variant", "author"] as const) {
    const [was, is] = [a.config[name], b.config[name]];
    if (was !== is) differences.push({ name, before: was, after: is });
  }
  return differences;
}

function compare(a: RunConfig, b: RunConfig): ConfigDifference[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof RunConfig>;
  return [...names].flatMap((name) =>
    JSON.stringify(a[name]) === JSON.stringify(b[name])
      ? []
      : [{ name, before: a[name], after: b[name] }],
  );
}
