/**
 * The files of a state, from the manifests of its layers: nothing is mounted. It tells a step that
 * only touches certain paths from one that has to run because something else has changed.
 */
import type { Digest } from "../oci/image.ts";
import type { Entry } from "../workspace/manifest.ts";
import type { LayerId } from "../workspace/workspace.ts";
import { type Digestible, digestOf } from "./digest.ts";

interface Node {
  /** `undefined` for a directory of which no layer says anything. */
  entry: Entry | undefined;
  /** The file has more than one name. */
  linked: boolean;
  readonly children: Map<string, Node>;
}

/**
 * What every script may depend on, whatever it is about: programs, libraries, accounts and what
 * logging in as somebody reads. Not what packages merely bring along.
 */
const SYSTEM =
  /^(bin|sbin|lib[^/]*|usr|dev|proc|sys|run)(\/|$)|^etc\/(passwd|group|shadow|gshadow|nsswitch\.conf|ld\.so\.|profile|environment|sudoers|doas|pam\.|security|shells|login\.defs|localtime|locale|busybox|alternatives|selinux|default\/(su|useradd|locale))/;
const NOT_SYSTEM = /^usr\/(share|include|src|games|local\/(share|etc|src|games|include))\//;

export class FilesView {
  readonly #entries: (id: LayerId) => Promise<readonly Entry[]>;
  readonly #programs: readonly string[];
  readonly #root: Node = newNode();
  #applied: readonly LayerId[] = [];
  #base: number;
  #system: Digest;

  /**
   * @param base what the state starts from: its layers are part of the digest as a whole
   * @param entries reads a layer's manifest
   */
  constructor(
    base: {
      readonly digest: Digest;
      readonly layers: readonly LayerId[];
      readonly env: readonly string[];
    },
    entries: (id: LayerId) => Promise<readonly Entry[]>,
  ) {
    this.#entries = entries;
    this.#base = base.layers.length;
    this.#system = base.digest;
    const path = base.env.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
    this.#programs = (path ?? "").split(":").map((folder) => `${folder.replace(/^\/+/, "")}/`);
  }

  /**
   * Digest of all that a step can depend on that reads and writes only these paths (and what is
   * below them): they, the directories that lead there, and the system's programs and accounts.
   *
   * @param stack the state's layers; always those of the last call, or more
   * @param paths absolute
   * @returns `undefined` where links make it unclear what else is touched
   */
  async digest(stack: readonly LayerId[], paths: readonly string[]): Promise<Digest | undefined> {
    for (let index = this.#applied.length; index < stack.length; index++) {
      const id = stack[index] as LayerId;
      this.#apply(await this.#entries(id), index >= this.#base);
    }
    this.#applied = stack;
    const rows: Digestible[] = [];
    for (const path of ["/tmp", ...paths]) {
      const row = this.#describe(path, path !== "/tmp");
      if (row === undefined) return undefined;
      rows.push(row);
    }
    return digestOf(["touched", this.#system, rows]);
  }

  #apply(entries: readonly Entry[], aboveBase: boolean): void {
    const system: Digestible[] = [];
    for (const entry of entries) {
      this.#place(entry);
      if (aboveBase && entry.aside === undefined && this.#isSystem(entry.path)) {
        system.push([entry.path, rowOf(entry)]);
      }
    }
    if (system.length > 0) this.#system = digestOf([this.#system, system]);
  }

  #isSystem(path: string): boolean {
    if (SYSTEM.test(path)) return !NOT_SYSTEM.test(path);
    return this.#programs.some((folder) => folder !== "/" && path.startsWith(folder));
  }

  #place(entry: Entry): void {
    let node = this.#root;
    const names = entry.path === "" ? [] : entry.path.split("/");
    const last = names.pop();
    for (const name of names) {
      let child = node.children.get(name);
      if (!child) {
        child = newNode();
        node.children.set(name, child);
      }
      node = child;
    }
    if (last === undefined) {
      if (entry.aside === undefined) node.entry = entry;
      return;
    }
    if (entry.type === "whiteout") {
      node.children.delete(last);
      return;
    }
    const before = node.children.get(last);
    const stays = entry.type === "directory" && before !== undefined && !entry.opaque;
    const placed = stays ? before : newNode();
    if (entry.aside !== "parent" || !before?.entry) placed.entry = entry;
    placed.linked = entry.hardlink !== undefined;
    node.children.set(last, placed);
    const first = entry.hardlink === undefined ? undefined : this.#find(entry.hardlink);
    if (first) first.linked = true;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split("/")) node = node?.children.get(name);
    return node;
  }

  #describe(path: string, below: boolean): Digestible | undefined {
    const rows: Digestible[] = [];
    let node: Node = this.#root;
    // Manifests write names as bytes.
    const bytes = Buffer.from(path).toString("latin1");
    for (const name of bytes.split("/").filter((part) => part !== "")) {
      rows.push(rowOf(node.entry));
      const next = node.children.get(name);
      if (!next) return [...rows, "absent"];
      if (next.entry?.type === "symlink") return undefined;
      node = next;
    }
    if (!below) return [...rows, rowOf(node.entry)];
    const tree = describeTree(node);
    return tree === undefined ? undefined : [...rows, tree];
  }
}

function newNode(): Node {
  return { entry: undefined, linked: false, children: new Map() };
}

/** `undefined` when something in it has a further name, which may be elsewhere. */
function describeTree(node: Node): Digestible | undefined {
  if (node.linked) return undefined;
  const rows: Digestible[] = [];
  for (const name of [...node.children.keys()].sort()) {
    const row = describeTree(node.children.get(name) as Node);
    if (row === undefined) return undefined;
    rows.push([name, row]);
  }
  return [rowOf(node.entry), rows];
}

/** All that counts of a path; never times. */
function rowOf(entry: Entry | undefined): Digestible {
  if (!entry) return null;
  const { type, mode, uid, gid, major, minor, xattrs, hash, target, hardlink, opaque } = entry;
  return [
    ...[type, type === "symlink" ? 0 : mode, uid, gid, major, minor],
    xattrs.map(([name, value]) => [name, String(value)]),
    ...[hash ?? "", target ?? "", hardlink ?? "", opaque ?? false],
  ];
}
