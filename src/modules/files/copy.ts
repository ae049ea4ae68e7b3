/**
 * `ansible.builtin.copy`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/copy_module.html
 */
import { stat } from "node:fs/promises";
import { dumpJson } from "../../template/python/json-dump.ts";
import { fromJson, str } from "../../values/python.ts";
import { unsafeWrites, wantedAttributes } from "../lib/attributes.ts";
import { encodeText } from "../lib/bytes.ts";
import { COPY_OPTIONS, COPY_RETURNS } from "../lib/copy-options.ts";
import { fail, failing } from "../lib/failure.ts";
import { octal } from "../lib/mode.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { baseOf, expandPaths } from "../lib/paths.ts";
import { placeFile } from "../lib/place-file.ts";
import { type Source, sourceOfBytes, sourceOfFile } from "../lib/source.ts";
import { touchedPaths } from "../lib/touches.ts";
import type {
  Arguments,
  Data,
  KeyInput,
  ModuleContext,
  ModuleResult,
  ModuleSpec,
} from "../module.ts";
import { copyDirectory } from "./copy-directory.ts";
import { copyRemote } from "./copy-remote.ts";

export const spec = {
  name: "ansible.builtin.copy",
  summary: "Copies files and directories to the target",
  options: {
    src: {
      type: "str",
      description:
        "A file or directory of the controller (of the target, with `remote_src`). A directory's name that ends in a slash means what is in it.",
    },
    content: { type: "raw", description: "Content of the file, in place of `src`." },
    remote_src: { type: "bool", default: false, description: "`src` is a path of the target." },
    directory_mode: { type: "raw", description: "Mode of directories that are made." },
    follow: {
      type: "bool",
      default: false,
      description: "Write to what a link at `dest` leads to.",
    },
    local_follow: { type: "bool", default: true, description: "Copy what links in `src` lead to." },
    checksum: { type: "str", description: "SHA-1 that the content must have." },
    decrypt: { type: "bool", default: true, description: "Decrypt `src` when it is a vault file." },
    ...COPY_OPTIONS,
    dest: { ...COPY_OPTIONS.dest, required: false },
    force: { ...COPY_OPTIONS.force, aliases: ["thirsty"] },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: COPY_RETURNS,
} as const satisfies ModuleSpec;

/** The arguments, once it is clear that they go together. */
function checked(args: Arguments): { readonly dest: string; readonly src: string | undefined } {
  const dest = textOption(args, "dest");
  const src = textOption(args, "src");
  const content = args.content ?? undefined;
  if (src === undefined && content === undefined) return fail("src (or content) is required");
  if (dest === undefined) return fail("dest is required");
  if (src !== undefined && content !== undefined) {
    return fail("src and content are mutually exclusive");
  }
  if (content !== undefined && dest.endsWith("/")) {
    return fail("can not use content with a dir as dest");
  }
  return { dest, src };
}

/** Text of `content`: lists and dicts become JSON. */
function contentBytes(content: Data): Buffer {
  const value = fromJson(content);
  return encodeText(
    typeof content === "object" && content !== null && !("typeName" in content)
      ? dumpJson(value)
      : str(value),
  );
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    checked(given);
    const args = await expandPaths(context, spec, given);
    const { dest, src } = checked(args);
    if (src === undefined)
      return one(context, args, dest, sourceOfBytes(contentBytes(args.content ?? "")));
    if (flagOption(args, "remote_src")) return copyRemote(context, args, src, dest);
    const path = await locate(context, src);
    const found = await stat(path).catch((error: Error) =>
      fail(`could not read ${path}: ${error.message}`),
    );
    const preserve = args.mode === "preserve" ? octal(found.mode & 0o7777) : args.mode;
    if (found.isDirectory()) return copyDirectory(context, args, path, src, dest);
    const source = await sourceOfFile(context, path, flagOption(args, "decrypt") ?? true);
    const name = baseOf(src.replace(/\/+$/, ""));
    return one(context, { ...args, mode: preserve }, dest, source, path, name);
  },
);

async function locate(context: ModuleContext, src: string): Promise<string> {
  try {
    return await context.controller.find("files", src);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

async function one(
  context: ModuleContext,
  args: Arguments,
  dest: string,
  source: Source,
  src?: string,
  name?: string,
): Promise<ModuleResult> {
  const expected = textOption(args, "checksum");
  if (expected !== undefined && expected !== source.sha1) {
    return fail("Copied file does not match the expected checksum. Transfer failed.", {
      checksum: source.sha1,
      expected_checksum: expected,
    });
  }
  return placeFile(context, {
    dest,
    source,
    name,
    src,
    wanted: wantedAttributes(args),
    directoryMode: args.directory_mode ?? undefined,
    follow: flagOption(args, "follow") ?? false,
    force: flagOption(args, "force") ?? true,
    backup: flagOption(args, "backup") ?? false,
    validate: textOption(args, "validate"),
    unsafeWrites: unsafeWrites(args),
    showContent: true,
  });
}

/** What is copied, by content. */
export async function inputs(
  context: ModuleContext,
  args: Arguments,
): Promise<readonly KeyInput[]> {
  const src = textOption(args, "src");
  if (src === undefined || flagOption(args, "remote_src")) return [];
  return [{ kind: "path", path: await context.controller.find("files", src) }];
}

/** What stands at `dest`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "dest");
}
