/**
 * Extended attributes by getfattr and setfattr of the `attr` package: Node has no calls for them.
 * Values are bytes and stay so; overlayfs' own attributes are read as what they mean.
 */
import { quote } from "../connection/connection.ts";
import { byBytes, NO_XATTRS, type Xattrs } from "../workspace/tree.ts";
import type { Helper } from "./helper.ts";

/** What the attributes of a file say. */
export interface Attributes {
  readonly xattrs: Xattrs;
  /** Overlayfs: nothing of the layers below shows in this directory. */
  readonly opaque: boolean;
}

export const NO_ATTRIBUTES: Attributes = { xattrs: NO_XATTRS, opaque: false };

const OVERLAY = /^(?:trusted|user)\.overlay\./;
/** Set by the controller's security module from its own policy; it means nothing elsewhere. */
const HOST_LABEL = "security.selinux";
/** Beyond it paths go through a file: a command line has its limit. */
const INLINE_BYTES = 60_000;

/**
 * The sh command `program` with `paths` as arguments, relative to `directory`, whatever they hold.
 * Non-ASCII names do not survive a script, which is text; they take the way through standard input.
 */
export function withPaths(
  program: string,
  paths: readonly string[],
): { readonly script: string; readonly stdin?: Buffer } {
  const inline = paths.every((path) => /^[\x20-\x7e]*$/.test(path));
  if (inline && paths.reduce((sum, path) => sum + path.length + 6, 0) < INLINE_BYTES) {
    return { script: `${program} ${paths.map((path) => quote(`./${path}`)).join(" ")}` };
  }
  const list = paths.map((path) => `./${path}\0`).join("");
  return { script: `xargs -0 ${program}`, stdin: Buffer.from(list, "latin1") };
}

/**
 * Attributes of some paths below each directory, in one call; absent where there are none. Paths that
 * do not exist are passed over.
 */
export async function readAttributes(
  helper: Helper,
  ...trees: readonly (readonly [directory: string, paths: readonly string[]])[]
): Promise<Map<string, Attributes>[]> {
  const inline = trees.map(([directory, paths]) => {
    if (paths.length === 0) return "";
    const { script, stdin } = withPaths("getfattr -h -d -m - -e hex --", paths);
    return stdin ? undefined : `cd ${quote(directory)} && ${script}`;
  });
  if (inline.every((script) => script === "")) return trees.map(() => new Map());
  if (inline.every((script) => script !== undefined)) {
    const script = inline.join(`\nprintf '${BETWEEN}'\n`);
    const { stdout } = await helper.run(`exec 2>/dev/null\n${script}`);
    return stdout.toString("latin1").split(BETWEEN).map(parseDump);
  }
  const found = [];
  for (const [directory, paths] of trees) {
    if (paths.length === 0) {
      found.push(new Map<string, Attributes>());
      continue;
    }
    const { script, stdin } = withPaths("getfattr -h -d -m - -e hex --", paths);
    const command = `cd ${quote(directory)} && { ${script}; } 2>/dev/null`;
    const { stdout } = await helper.run(command, { stdin });
    found.push(parseDump(stdout.toString("latin1")));
  }
  return found;
}

/** Cannot stand in a dump, whose lines begin with a name or `#`. */
const BETWEEN = "\n//\n";

/** Reads getfattr's dump: `# file: PATH`, then `NAME=0xHEX` lines, then an empty line. */
export function parseDump(dump: string): Map<string, Attributes> {
  const found = new Map<string, Attributes>();
  for (const block of dump.split("\n\n")) {
    const [head = "", ...lines] = block.split("\n");
    if (!head.startsWith("# file: ")) continue;
    const path = unquoteName(head.slice(8)).replace(/^\.\//, "").replace(/^\.$/, "");
    let opaque = false;
    const xattrs: [string, string][] = [];
    for (const line of lines) {
      const equals = line.indexOf("=");
      const name = unquoteName(equals < 0 ? line : line.slice(0, equals));
      const value = equals < 0 ? "" : line.slice(equals + 1).replace(/^0x/, "");
      if (name === "") continue;
      if (OVERLAY.test(name)) opaque ||= name.endsWith(".overlay.opaque") && value === "79";
      else if (name !== HOST_LABEL) xattrs.push([name, value]);
    }
    if (!opaque && xattrs.length === 0) continue;
    found.set(path, { xattrs: xattrs.sort((a, b) => byBytes(a[0], b[0])), opaque });
  }
  return found;
}

/** What `setfattr --restore` reads. */
export function formatDump(files: ReadonlyMap<string, Xattrs>): Buffer {
  let dump = "";
  for (const [path, xattrs] of files) {
    dump += `# file: ./${quoteName(path)}\n`;
    for (const [name, value] of xattrs)
      dump += `${quoteName(name)}=${value === "" ? '""' : `0x${value}`}\n`;
    dump += "\n";
  }
  return Buffer.from(dump, "latin1");
}

function unquoteName(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function quoteName(text: string): string {
  return text.replace(
    /[\\\n\r=]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}
