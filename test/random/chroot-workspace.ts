/**
 * A light Workspace for tests that build thousands of times: the same scripts run in a plain chroot,
 * layers are kept in memory, a snapshot compares two walks. No namespaces, no overlay, no runtime:
 * what it says is worked out in another way than the sandbox does it.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { spawnShell } from "../../src/connection/local.ts";
import { PRELUDE } from "../../src/connection/prelude.ts";
import { LOOP, StreamShell } from "../../src/connection/stream-shell.ts";
import type { Digest, Image, LayerSource } from "../../src/oci/image.ts";
import type { Entry } from "../../src/workspace/manifest.ts";
import type {
  Layer,
  Session,
  SessionOptions,
  Snapshot,
  Workspace,
} from "../../src/workspace/workspace.ts";

/** What stands at a path; `null`: it was removed. */
type Node =
  | { readonly type: "dir"; readonly attributes: string }
  | { readonly type: "file"; readonly attributes: string; readonly content: Buffer }
  | { readonly type: "link"; readonly attributes: string; readonly target: string };

/** Every path below the root, parents first. Hard links are told by the first name of their file. */
export type Tree = ReadonlyMap<string, Node & { readonly same?: string | undefined }>;

type Difference = ReadonlyMap<string, (Node & { readonly same?: string | undefined }) | null>;

/** Paths that belong to the base and that no task touches: not looked at in a snapshot. */
const FIXED = new Set(["bin", "dev", "proc"]);

/** Text by which two trees can be compared and their difference be read. */
export function describeTree(tree: Tree): Record<string, string> {
  const lines: Record<string, string> = {};
  for (const [path, node] of tree) {
    const what =
      node.type === "file"
        ? JSON.stringify(node.content.toString("latin1"))
        : node.type === "link"
          ? `-> ${node.target}`
          : "";
    lines[path] = `${node.type} ${node.attributes} ${node.same ? `= ${node.same}` : what}`;
  }
  return lines;
}

export class ChrootWorkspace implements Workspace {
  readonly kind = "sandbox";
  readonly canMount = false;
  readonly #directory: string;
  readonly #skeleton: string;
  readonly #layers = new Map<string, Difference>();
  #counter = 0;

  /**
   * @param directory for the roots; a tmpfs is quickest
   * @param skeleton a busybox root: its `bin` and `dev` are what every root has
   */
  constructor(directory: string, skeleton: string) {
    this.#directory = directory;
    this.#skeleton = skeleton;
  }

  async problem() {
    return undefined;
  }

  /** A base is a tree that the test made up; its "image" has its digest as only layer. */
  addBase(tree: Tree): Layer {
    return this.#keep(tree);
  }

  async importImage(image: Image): Promise<readonly Layer[]> {
    return image.layers.map(({ diffId }) => {
      if (!this.#layers.has(diffId)) throw new Error(`no base ${diffId}`);
      return { id: diffId, content: diffId, size: 0, files: { written: 0, removed: 0 } };
    });
  }

  async has(id: string): Promise<boolean> {
    return this.#layers.has(id);
  }

  async exportLayer(ids: readonly string[]): Promise<LayerSource> {
    return {
      diffId: ids.join("+") as Digest,
      open: async () => Readable.from([]),
    };
  }

  async entries(id: string): Promise<readonly Entry[]> {
    const difference = this.#layers.get(id) ?? new Map();
    const entries: Entry[] = [];
    for (const [path, node] of [...difference].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const parent of parentsOf(path)) {
        if (entries.some((one) => one.path === parent)) continue;
        entries.push({
          ...entryOf(parent, { type: "dir", attributes: "755 0 0" }),
          aside: "parent",
        });
      }
      entries.push(entryOf(path, node));
    }
    return entries;
  }

  async removeLayers(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#layers.delete(id);
  }

  async listLayers() {
    return [...this.#layers.keys()].map((id) => ({ id, bytes: 0, lastUsed: 0 }));
  }

  async close(): Promise<void> {}

  /** What a stack of layers comes to. */
  treeOf(stack: readonly string[]): Tree {
    const tree = new Map<string, Node & { readonly same?: string | undefined }>();
    for (const id of stack) {
      const difference = this.#layers.get(id);
      if (!difference) throw new Error(`no layer ${id}`);
      for (const [path, node] of difference) {
        if (node) tree.set(path, node);
        else tree.delete(path);
      }
    }
    return new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async open(stack: readonly string[], options: SessionOptions): Promise<Session> {
    const root = join(this.#directory, `root${this.#counter++}`);
    const current = [...stack];
    let known = this.treeOf(stack);
    this.#lay(root, known);
    const connection = openChroot(root, options);
    return {
      stack: current,
      connection,
      snapshot: async (): Promise<Snapshot> => {
        const now = readTree(root);
        const difference = compare(known, now);
        if (difference.size === 0) return { kind: "unchanged" };
        const layer = this.#keep(difference);
        known = now;
        current.push(layer.id);
        return { kind: "layer", layer };
      },
      attach: async () => [],
      close: async () => {
        await connection.close();
        rmSync(root, { recursive: true, force: true });
      },
    };
  }

  #keep(difference: Difference): Layer {
    const content = digestOfDifference(difference);
    this.#layers.set(content, difference);
    const size = [...difference.values()].reduce(
      (sum, node) => sum + (node?.type === "file" ? node.content.length : 0),
      0,
    );
    return { id: content, content, size, files: { written: difference.size, removed: 0 } };
  }

  #lay(root: string, tree: Tree): void {
    mkdirSync(root, { recursive: true });
    for (const name of FIXED) mkdirSync(join(root, name), { recursive: true });
    for (const folder of ["bin", "dev"]) {
      for (const name of readdirSync(join(this.#skeleton, folder))) {
        // Hard links: nothing is copied, and a device needs no mknod.
        linkSync(join(this.#skeleton, folder, name), join(root, folder, name));
      }
    }
    for (const [path, node] of tree) {
      const full = join(root, path);
      if (node.same !== undefined) linkSync(join(root, node.same), full);
      else if (node.type === "dir") mkdirSync(full);
      else if (node.type === "link") symlinkSync(node.target, full);
      else writeFileSync(full, node.content);
    }
    for (const [path, node] of tree) {
      const [mode = "", uid, gid] = node.attributes.split(" ");
      lchownSync(join(root, path), Number(uid), Number(gid));
      if (node.type !== "link") chmodSync(join(root, path), Number.parseInt(mode, 8));
    }
  }
}

function parentsOf(path: string): string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

/** The path as the manifest of a layer has it. */
function entryOf(
  path: string,
  node: (Node & { readonly same?: string | undefined }) | null,
): Entry {
  const [mode = "0", uid, gid] = node?.attributes.split(" ") ?? [];
  const common = {
    path,
    mode: Number.parseInt(mode, 8),
    uid: Number(uid ?? 0),
    gid: Number(gid ?? 0),
    size: node?.type === "file" ? node.content.length : 0,
    mtime: 0n,
    major: 0,
    minor: 0,
    xattrs: [],
  };
  if (!node) return { ...common, type: "whiteout" };
  if (node.type === "dir") return { ...common, type: "directory" };
  if (node.type === "link") return { ...common, type: "symlink", target: node.target };
  const hash = createHash("sha256").update(node.content).digest("hex");
  return { ...common, type: "file", hash, ...(node.same !== undefined && { hardlink: node.same }) };
}

function openChroot(root: string, options: SessionOptions): StreamShell {
  const env = Object.fromEntries(
    options.env.map((entry) => {
      const equals = entry.indexOf("=");
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  // A script that was made up must not fill the disk. The process namespace is no luxury: what ends
  // the processes of a build signals everything that it can see. The shell must be its first process.
  const start =
    'ulimit -f 20000; exec unshare --pid --fork --kill-child chroot "$0" /bin/sh -c \'[ $$ = 1 ] || exit 99; eval "$1"\' sh "$1"';
  const shell = spawnShell(["sh", "-c", start, root, LOOP], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", ...env },
  });
  return new StreamShell("image", shell, PRELUDE);
}

/** Walks a root; what {@link FIXED} names is left out. */
export function readTree(root: string): Tree {
  const tree = new Map<string, Node & { readonly same?: string | undefined }>();
  const firstOf = new Map<number, string>();
  const visit = (directory: string) => {
    for (const name of readdirSync(join(root, directory)).sort()) {
      const path = directory === "" ? name : `${directory}/${name}`;
      if (FIXED.has(path)) continue;
      const full = join(root, path);
      const stat = lstatSync(full);
      const attributes = `${(stat.mode & 0o7777).toString(8)} ${stat.uid} ${stat.gid}`;
      if (stat.isDirectory()) {
        tree.set(path, { type: "dir", attributes });
        visit(path);
      } else if (stat.isSymbolicLink()) {
        tree.set(path, { type: "link", attributes, target: readlinkSync(full) });
      } else {
        const same = stat.nlink > 1 ? firstOf.get(stat.ino) : undefined;
        if (stat.nlink > 1 && same === undefined) firstOf.set(stat.ino, path);
        tree.set(path, { type: "file", attributes, content: readFileSync(full), same });
      }
    }
  };
  visit("");
  return tree;
}

function compare(before: Tree, after: Tree): Difference {
  const difference = new Map<string, (Node & { readonly same?: string | undefined }) | null>();
  for (const path of before.keys()) if (!after.has(path)) difference.set(path, null);
  for (const [path, node] of after) {
    const old = before.get(path);
    if (!old || fingerprint(old) !== fingerprint(node)) difference.set(path, node);
  }
  return difference;
}

function fingerprint(node: Tree extends ReadonlyMap<string, infer N> ? N : never): string {
  const content = node.type === "file" ? node.content.toString("latin1") : "";
  const target = node.type === "link" ? node.target : "";
  return JSON.stringify([node.type, node.attributes, node.same, content, target]);
}

function digestOfDifference(difference: Difference): Digest {
  const hash = createHash("sha256");
  for (const [path, node] of [...difference].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${JSON.stringify([path, node && fingerprint(node)])}\n`);
  }
  return `sha256:${hash.digest("hex")}`;
}
