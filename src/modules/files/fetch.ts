/**
 * `ansible.builtin.fetch`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/fetch_module.html
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { textOf } from "../../values/model.ts";
import { pathWord } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { baseOf, expandPaths } from "../lib/paths.ts";
import { Fields } from "../lib/status.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.fetch",
  summary: "Brings a file of the target to the controller",
  options: {
    src: { type: "path", required: true, description: "The file in the target." },
    dest: {
      type: "str",
      required: true,
      description: "A directory of the controller, or a file with `flat`.",
    },
    flat: {
      type: "bool",
      default: false,
      description: "Use `dest` as it is, without host name and path below it.",
    },
    fail_on_missing: {
      type: "bool",
      default: true,
      description: "Fail when the file is not there.",
    },
    validate_checksum: {
      type: "bool",
      default: true,
      description: "Compare checksums after the transfer.",
    },
  },
  checkMode: "skip",
  diff: false,
  // It changes the controller, not the target, so it must run every time.
  effect: "talk",
  returns: {
    dest: "The file on the controller.",
    checksum: "SHA-1 of the content.",
    remote_checksum: "SHA-1 of the content in the target.",
    md5sum: "MD5 of the content.",
    remote_md5sum: "Always null.",
    file: "The file in the target, when nothing was to be done.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) {
      return {
        changed: false,
        skipped: true,
        msg: "check mode not (yet) supported for this module",
      };
    }
    const args = await expandPaths(context, spec, given);
    const src = textOption(args, "src") ?? "";
    const looked = await context.sh(`p=${pathWord(src)}; lb_st "$p" L; [ -r "$p" ] || printf r`);
    const fields = new Fields(looked.stdout);
    const status = fields.status();
    const isMust = flagOption(args, "fail_on_missing") ?? true;
    const problem = (msg: string): ModuleResult =>
      isMust
        ? {
            msg: msg.replace(/, ignored$/, isMust ? ", ignored" : ""),
            changed: false,
            failed: true,
          }
        : { file: src, changed: false, msg };
    if (!status) return problem("the remote file does not exist, not transferring, ignored");
    if (status.kind === "directory") {
      return problem("remote file is a directory, fetch cannot work on directories");
    }
    if (fields.rest().length > 0)
      return problem("no read permission on remote file, not transferring, ignored");
    const dest = await destination(context, args, src);
    await mkdir(dirname(dest), { recursive: true });
    const temporary = join(dirname(dest), `.lb-${process.pid}-${basename(dest).slice(-60)}`);
    const sha1 = createHash("sha1");
    const md5 = createHash("md5");
    const out = createWriteStream(temporary);
    const waiting: (() => void)[] = [];
    const release = () => {
      for (const resolve of waiting.splice(0)) resolve();
    };
    // A stream that is ended with a full buffer closes and never drains.
    out.on("drain", release).on("close", release);
    const result = await context.sh(`exec cat ${pathWord(src)}`, {
      collect: false,
      onOutput: (stream, chunk) => {
        if (stream !== "stdout") return;
        sha1.update(chunk);
        md5.update(chunk);
        if (out.write(chunk)) return;
        return new Promise<void>((resolve) => waiting.push(resolve));
      },
    });
    await new Promise<void>((resolve) => out.once("close", () => resolve()).end());
    if (result.rc !== 0) {
      await rm(temporary, { force: true });
      return fail(`could not read ${src}`, { file: src });
    }
    const checksum = sha1.digest("hex");
    const md5sum = md5.digest("hex");
    if ((await localChecksum(dest)) === checksum) {
      await rm(temporary);
      return { changed: false, md5sum, file: src, dest, checksum };
    }
    await rename(temporary, dest);
    return {
      changed: true,
      md5sum,
      dest,
      remote_md5sum: null,
      checksum,
      remote_checksum: checksum,
    };
  },
);

async function destination(context: ModuleContext, args: Arguments, src: string): Promise<string> {
  const given = textOption(args, "dest") ?? "";
  const base = textOf(context.variable("playbook_dir")) ?? process.cwd();
  const dest = isAbsolute(given) ? given : join(base, given) + (given.endsWith("/") ? "/" : "");
  if (!flagOption(args, "flat")) {
    const host = textOf(context.variable("inventory_hostname")) ?? "localhost";
    return join(dest, host, src);
  }
  if (dest.endsWith("/")) return join(dest, baseOf(src));
  const isDirectory = await stat(dest).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isDirectory) {
    fail(
      "dest is an existing directory, use a trailing slash if you want to fetch src into that directory",
    );
  }
  return dest;
}

async function localChecksum(path: string): Promise<string | undefined> {
  const hash = createHash("sha1");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}
