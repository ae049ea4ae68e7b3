/**
 * `ansible.builtin.stat`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/stat_module.html
 */
import { PyFloat } from "../../values/model.ts";
import { pathWord } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { fourDigits } from "../lib/mode.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { directoryOf, expandPaths, joinPath } from "../lib/paths.ts";
import { Fields, type Status } from "../lib/status.ts";
import { touchedPaths } from "../lib/touches.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.stat",
  summary: "Tells what is known of a file",
  options: {
    path: {
      type: "path",
      required: true,
      aliases: ["dest", "name"],
      description: "The file, directory or link.",
    },
    follow: { type: "bool", default: false, description: "Look at what a link leads to." },
    get_checksum: { type: "bool", default: true, description: "Return a checksum of the content." },
    checksum_algorithm: {
      type: "str",
      choices: ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"],
      default: "sha1",
      aliases: ["checksum", "checksum_algo"],
      description: "Algorithm of the checksum.",
    },
    get_mime: {
      type: "bool",
      default: true,
      aliases: ["mime", "mime_type", "mime-type"],
      description: "Return type and character set, where the target has `file`.",
    },
    get_attributes: {
      type: "bool",
      default: true,
      aliases: ["attr", "attributes"],
      description: "Return the flags of the file, where the target has `lsattr`.",
    },
    get_selinux_context: {
      type: "bool",
      default: false,
      description: "Return the SELinux context.",
      noEffect: "Files have no SELinux context where SELinux is not enabled.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { stat: "All that is known of the path; `exists` is always there." },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const follow = flagOption(args, "follow") ?? false;
    const algorithm = textOption(args, "checksum_algorithm") ?? "sha1";
    const sum = flagOption(args, "get_checksum") ?? true;
    const mime = flagOption(args, "get_mime") ?? true;
    const flags = flagOption(args, "get_attributes") ?? true;
    const result = await context.sh(
      [
        `p=${pathWord(path)}; lb_st "$p"${follow ? " L" : ""}`,
        '[ "$lb_s" = - ] && { ls -d "$p" >/dev/null; exit 0; }',
        'a=; [ -r "$p" ] && a=r; [ -w "$p" ] && a=${a}w; [ -x "$p" ] && a=${a}x; printf \'%s\\0\' "$a"',
        sum ? `case $lb_s in 8*) ${algorithm}sum <"$p" 2>/dev/null ;; esac` : "",
        "printf '\\0'",
        follow ? "" : 'case $lb_s in a*) if [ -e "$p" ]; then readlink -f "$p"; fi ;; esac',
        "printf '\\0'",
        mime ? 'if lb_have file; then file -b --mime "$p" 2>/dev/null; fi' : "",
        "printf '\\0'",
        flags ? 'if lb_have lsattr; then lsattr -vd "$p" 2>/dev/null; fi' : "",
      ].join("\n"),
    );
    const fields = new Fields(result.stdout);
    const status = fields.status();
    if (!status) {
      const said = result.stderr.toString();
      for (const reason of ["Permission denied", "Not a directory"]) {
        if (said.toLowerCase().includes(reason.toLowerCase())) return fail(reason);
      }
      return { changed: false, stat: { exists: false } };
    }
    const access = fields.text();
    const checksum = fields.text().split(" ")[0] ?? "";
    const source = fields.text().replace(/\n$/, "");
    const type = fields.text().trim();
    const listed = fields.rest().toString();
    const stat: Record<string, Data> = {
      ...plainStat(path, status),
      readable: access.includes("r"),
      writeable: access.includes("w"),
      executable: access.includes("x"),
      ...linkFields(path, status, source),
      ...nameFields(status),
      ...(checksum === "" ? {} : { checksum }),
      ...(mime ? mimeFields(type, status) : {}),
      ...(flags ? flagFields(listed) : {}),
    };
    return { changed: false, stat };
  },
);

function plainStat(path: string, s: Status): Record<string, Data> {
  const has = (bit: number) => (s.mode & bit) !== 0;
  return {
    exists: true,
    path,
    mode: fourDigits(s.mode),
    isdir: s.kind === "directory",
    ischr: s.kind === "char",
    isblk: s.kind === "block",
    isreg: s.kind === "file",
    isfifo: s.kind === "fifo",
    islnk: s.kind === "link",
    issock: s.kind === "socket",
    uid: s.uid,
    gid: s.gid,
    size: s.size,
    inode: s.inode,
    dev: s.device,
    nlink: s.links,
    atime: new PyFloat(s.accessed),
    mtime: new PyFloat(s.modified),
    ctime: new PyFloat(s.changed),
    wusr: has(0o200),
    rusr: has(0o400),
    xusr: has(0o100),
    wgrp: has(0o020),
    rgrp: has(0o040),
    xgrp: has(0o010),
    woth: has(0o002),
    roth: has(0o004),
    xoth: has(0o001),
    isuid: has(0o4000),
    isgid: has(0o2000),
    blocks: s.blocks,
    block_size: s.blockSize,
    device_type: s.deviceType,
  };
}

/** Names of the accounts; left out where a number has none. */
function nameFields(status: Status): Record<string, Data> {
  return {
    ...(status.owner === String(status.uid) ? {} : { pw_name: status.owner }),
    ...(status.group === String(status.gid) ? {} : { gr_name: status.group }),
  };
}

function linkFields(path: string, status: Status, source: string): Record<string, Data> {
  if (status.kind !== "link") return {};
  const target = status.target ?? "";
  // Of a link to nothing busybox tells no real path, or a wrong one.
  return { lnk_source: source || joinPath(directoryOf(path), target), lnk_target: target };
}

function mimeFields(text: string, status: Status): Record<string, Data> {
  const [type = "", charset = ""] = text.split(/;\s*charset=/);
  if (type === "") return { mimetype: "unknown", charset: "unknown" };
  return status.kind === "link" && !type.startsWith("inode/")
    ? { mimetype: "inode/symlink", charset: "binary" }
    : { mimetype: type, charset };
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  A: "noatime",
  a: "append",
  c: "compressed",
  C: "nocow",
  d: "nodump",
  D: "dirsync",
  e: "extents",
  E: "encrypted",
  h: "blocksize",
  i: "immutable",
  I: "indexed",
  j: "journalled",
  N: "inline",
  s: "zero",
  S: "synchronous",
  t: "notail",
  T: "blockroot",
  u: "undelete",
  X: "compressedraw",
  Z: "compresseddirty",
};

function flagFields(listed: string): Record<string, Data> {
  const [, version, letters] = /^\s*(\d+)\s+([A-Za-z-]+)\s/.exec(listed) ?? [];
  const flags = (letters ?? "").replaceAll("-", "");
  return {
    version: version ?? null,
    attributes: [...flags].map((flag) => FLAG_NAMES[flag] ?? flag),
    attr_flags: flags,
  };
}

/** What stands at `path`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "path");
}
