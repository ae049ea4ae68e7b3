/**
 * Where the members of a layer's tar go. An archive is hostile until shown otherwise: a name may lead
 * through a symbolic link that the archive itself made, a hard link may name a file of the host. Here
 * the tree is made in memory first; a member's directory is found in that tree, with links followed
 * inside of it as a chroot would, and what is handed on to be unpacked only ever has real directories
 * that were handed on before.
 */
import { memberPath, type TarEntry } from "../oci/tar/index.ts";
import { LayerError } from "../workspace/errors.ts";
import type { Entry } from "../workspace/manifest.ts";
import { byBytes, joinPath, NO_XATTRS, parentOf, shown, type Xattrs } from "../workspace/tree.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** aufs' own bookkeeping, which old archives have. */
const AUFS = ".wh..wh.";
/** As the kernel's limit (path_resolution(7)). */
const MOST_LINKS = 40;
const OVERLAY = /^(?:trusted|user)\.overlay\./;

type Node = { -readonly [Key in keyof Entry]: Entry[Key] };

/** What to do with a member. */
export type Step =
  | { readonly kind: "skip" }
  | { readonly kind: "make"; readonly entry: Entry; readonly missing: readonly Entry[] }
  | {
      readonly kind: "link";
      readonly path: string;
      readonly to: string;
      readonly missing: readonly Entry[];
    };

export class UnpackPlan {
  readonly #nodes = new Map<string, Node>();
  readonly #links = new Map<string, string>();
  readonly #whiteouts = new Set<string>();
  /** Whether every file stands where the archive says, so that tar-split finds it there. */
  straight = true;

  /** @throws LayerError for what cannot be a layer */
  add(member: TarEntry): Step {
    const name = member.path.toString("latin1");
    const slash = name.lastIndexOf("/");
    const base = name.slice(slash + 1);
    const missing: Entry[] = [];
    const directory = slash < 0 ? "" : this.#directory(name.slice(0, slash), missing, 0);
    if (base.startsWith(WHITEOUT)) {
      this.#mark(base, directory);
      return missing.length > 0 ? { kind: "make", entry: missing.pop() as Entry, missing } : SKIP;
    }
    const path = name === "" ? "" : joinPath(directory, base);
    if (path !== name) this.straight = false;
    this.#replace(path, member.type);
    if (member.type === "hardlink") {
      const to = this.#linkTarget(member, missing);
      if (to === path) return SKIP;
      this.#links.set(path, to);
      const target = this.#nodes.get(to);
      if (target) this.#nodes.set(path, { ...target, path });
      return { kind: "link", path, to, missing };
    }
    const entry = nodeOf(path, member);
    this.#nodes.set(path, entry);
    return { kind: "make", entry, missing };
  }

  /** The content of the file added last. */
  setHash(path: string, hash: string): void {
    const node = this.#nodes.get(path);
    if (node) node.hash = hash;
  }

  /** The manifest, in byte order. */
  entries(): Entry[] {
    for (const path of this.#whiteouts) {
      const node = this.#nodes.get(path);
      // A whiteout is about the layers below; what this layer has at the path stays.
      if (!node) this.#nodes.set(path, { ...NOTHING, path, type: "whiteout" });
      else if (node.type === "directory") node.opaque = true;
    }
    if (!this.#nodes.has("")) this.#nodes.set("", implied(""));
    this.#nameLinks();
    return [...this.#nodes.values()].sort((a, b) => byBytes(a.path, b.path));
  }

  /** The first name in byte order is the file, the others are its links. */
  #nameLinks(): void {
    const names = new Map<string, string[]>();
    for (const [path, to] of this.#links) {
      let first = to;
      for (let next = this.#links.get(first); next; next = this.#links.get(first)) first = next;
      const group = names.get(first);
      if (group) group.push(path);
      else names.set(first, [first, path]);
    }
    for (const group of names.values()) {
      const [first = "", ...others] = group.sort(byBytes);
      const file = this.#nodes.get(first);
      for (const path of others) {
        if (file) this.#nodes.set(path, { ...file, path, hardlink: first });
      }
    }
  }

  #mark(base: string, directory: string): void {
    if (base === OPAQUE) {
      const node = this.#nodes.get(directory);
      if (node && directory !== "") node.opaque = true;
      // An opaque root hides every layer below.
      if (node && directory === "") node.opaque = true;
      return;
    }
    if (base.startsWith(AUFS)) return;
    const name = base.slice(WHITEOUT.length);
    if (name === "" || name === "." || name === "..") {
      throw new LayerError(`the layer removes '${shown(joinPath(directory, name))}'`);
    }
    this.#whiteouts.add(joinPath(directory, name));
  }

  /** The real directory that `path` leads to; directories that no member has made are made. */
  #directory(path: string, missing: Entry[], followed: number): string {
    let at = "";
    let links = followed;
    const parts = path.split("/");
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        at = parentOf(at) ?? "";
        continue;
      }
      const next = joinPath(at, part);
      const node = this.#nodes.get(next);
      if (node?.type === "symlink") {
        if (++links > MOST_LINKS) throw new LayerError(`too many links at '${shown(path)}'`);
        const target = node.target ?? "";
        if (target.startsWith("/")) at = "";
        parts.unshift(...target.split("/"));
        continue;
      }
      if (node && node.type !== "directory") {
        throw new LayerError(`the layer has files below '${shown(next)}', which is no directory`);
      }
      if (!node) {
        const made = implied(next);
        this.#nodes.set(next, made);
        missing.push(made);
      }
      at = next;
    }
    return at;
  }

  #linkTarget(member: TarEntry, missing: Entry[]): string {
    const name = memberPath(member.linkPath ?? Buffer.alloc(0), "relative").toString("latin1");
    const slash = name.lastIndexOf("/");
    const directory = slash < 0 ? "" : this.#directory(name.slice(0, slash), missing, 0);
    const to = joinPath(directory, name.slice(slash + 1));
    const target = this.#nodes.get(to);
    if (!target || target.type === "directory") {
      const path = shown(member.path.toString("latin1"));
      throw new LayerError(`'${path}' is a hard link to '${shown(to)}', no file of the layer`);
    }
    return to;
  }

  #replace(path: string, type: TarEntry["type"]): void {
    const old = this.#nodes.get(path);
    this.#links.delete(path);
    if (!old || (old.type === "directory" && type === "directory")) return;
    if (path === "" || old.type === "directory") {
      throw new LayerError(`'${shown(path)}' is a directory and something else in one layer`);
    }
    this.straight = false;
  }
}

const SKIP: Step = { kind: "skip" };

const NOTHING = {
  ...{ mode: 0, uid: 0, gid: 0, size: 0, mtime: 0n, major: 0, minor: 0 },
  xattrs: NO_XATTRS,
};

/** A directory that the archive takes for granted. */
function implied(path: string): Node {
  return { ...NOTHING, path, type: "directory", mode: 0o755, aside: "parent" };
}

const TYPES = {
  file: "file",
  symlink: "symlink",
  chardev: "chardev",
  blockdev: "blockdev",
  directory: "directory",
  fifo: "fifo",
} as const;

function nodeOf(path: string, member: TarEntry): Node {
  const type = TYPES[member.type as keyof typeof TYPES];
  const major = member.devMajor ?? 0;
  const minor = member.devMinor ?? 0;
  return {
    path,
    // What containers/storage writes into archives of its own.
    type: type === "chardev" && major === 0 && minor === 0 ? "whiteout" : type,
    mode: type === "symlink" ? 0o777 : member.mode,
    uid: member.uid,
    gid: member.gid,
    size: type === "file" ? member.size : 0,
    mtime: BigInt(member.mtime.seconds) * 1_000_000_000n + BigInt(member.mtime.nanoseconds),
    major,
    minor,
    xattrs: attributesOf(member),
    ...(member.linkPath && type === "symlink" && { target: member.linkPath.toString("latin1") }),
  };
}

/** Overlayfs' own attributes would tell the kernel where to look for files. */
function attributesOf(member: TarEntry): Xattrs {
  if (!member.xattrs || member.xattrs.size === 0) return NO_XATTRS;
  return [...member.xattrs]
    .filter(([name]) => !OVERLAY.test(name))
    .map(([name, value]) => [name, value.toString("hex")] as const)
    .sort((a, b) => byBytes(a[0], b[0]));
}
