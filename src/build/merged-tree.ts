/** What a stack of layers comes to, and what each layer changes of what is below it. */
import type { Entry } from "../workspace/manifest.ts";

/** A path of the merged tree, and the layer that made it what it is. */
export interface Placed {
  readonly entry: Entry;
  /** Index into the layers that were applied. */
  readonly layer: number;
}

export interface Change {
  /** Bytes as latin1, without a leading slash. */
  readonly path: string;
  readonly kind: "added" | "changed" | "removed";
  readonly before: Placed | undefined;
  readonly after: Placed | undefined;
}

interface Node {
  placed: Placed | undefined;
  readonly children: Map<string, Node>;
}

export class MergedTree {
  readonly #root: Node = { placed: undefined, children: new Map() };
  #layers = 0;

  /** Puts a layer on top. @returns what it changes, in the order of its entries */
  apply(entries: readonly Entry[]): readonly Change[] {
    const layer = this.#layers++;
    const changes: Change[] = [];
    for (const entry of entries) this.#place({ entry, layer }, changes);
    return changes;
  }

  get(path: string): Placed | undefined {
    let node: Node | undefined = this.#root;
    for (const name of namesOf(path)) node = node?.children.get(name);
    return node?.placed;
  }

  /** Every path, parents first, names in byte order. */
  *all(): Generator<readonly [path: string, placed: Placed]> {
    yield* walk("", this.#root);
  }

  #place(placed: Placed, changes: Change[]): void {
    const { entry } = placed;
    const names = namesOf(entry.path);
    const last = names.pop();
    let node = this.#root;
    for (const name of names) {
      let child = node.children.get(name);
      if (!child) {
        child = { placed: undefined, children: new Map() };
        node.children.set(name, child);
      }
      node = child;
    }
    if (last === undefined) {
      this.#root.placed = placed;
      return;
    }
    const before = node.children.get(last);
    if (entry.type === "whiteout") {
      if (before) lose(entry.path, before, changes);
      node.children.delete(last);
      return;
    }
    if (before && (entry.type !== "directory" || entry.opaque)) {
      // What is below is gone; the path itself is told of below.
      for (const [name, child] of before.children) lose(`${entry.path}/${name}`, child, changes);
      before.children.clear();
    }
    const old = before?.placed;
    const after = old && entry.aside !== undefined ? { ...placed, layer: old.layer } : placed;
    if (before) before.placed = after;
    else node.children.set(last, { placed: after, children: new Map() });
    if (!old) changes.push({ path: entry.path, kind: "added", before: undefined, after });
    else if (entry.aside === undefined && !isSame(old.entry, entry)) {
      changes.push({ path: entry.path, kind: "changed", before: old, after });
    } else if (entry.type === "file" && entry.aside === undefined) {
      // Written again as it was: no change, but its bytes are in both layers.
      changes.push({ path: entry.path, kind: "changed", before: old, after });
    }
  }
}

/** A path and all below it are gone. */
function lose(path: string, node: Node, changes: Change[]): void {
  if (node.placed) changes.push({ path, kind: "removed", before: node.placed, after: undefined });
  for (const [name, child] of node.children) lose(`${path}/${name}`, child, changes);
}

function* walk(path: string, node: Node): Generator<readonly [string, Placed]> {
  if (node.placed) yield [path, node.placed];
  for (const name of [...node.children.keys()].sort()) {
    yield* walk(path === "" ? name : `${path}/${name}`, node.children.get(name) as Node);
  }
}

function namesOf(path: string): string[] {
  return path === "" ? [] : path.split("/");
}

/** Do two entries say the same of a path? Times do not count, nor does how a link is told. */
export function isSame(a: Entry, b: Entry): boolean {
  return differingParts(a, b).length === 0;
}

/** In which ways two entries differ. */
export function differingParts(
  a: Entry,
  b: Entry,
): readonly ("type" | "content" | "mode" | "owner" | "target" | "device" | "xattrs")[] {
  if (a.type !== b.type) return ["type"];
  const parts: ("content" | "mode" | "owner" | "target" | "device" | "xattrs")[] = [];
  if (a.type === "file" && (a.size !== b.size || a.hash !== b.hash)) parts.push("content");
  if (a.type !== "symlink" && a.mode !== b.mode) parts.push("mode");
  if (a.uid !== b.uid || a.gid !== b.gid) parts.push("owner");
  if (a.target !== b.target) parts.push("target");
  if (a.major !== b.major || a.minor !== b.minor) parts.push("device");
  if (JSON.stringify(a.xattrs) !== JSON.stringify(b.xattrs)) parts.push("xattrs");
  return parts;
}
