/**
 * `community.docker.docker_container_copy_into`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_container_copy_into_module.html
 */
import { basename, posix } from "node:path";
import { quote } from "../../connection/connection.ts";
import { contentDiff } from "../lib/differences.ts";
import { fail } from "../lib/failure.ts";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import { tarEnd, tarHeader, tarPadding } from "../lib/tar.ts";
import type { Arguments, ModuleContext, ModuleSpec } from "../module.ts";
import { type CopiedFile, readCopied, resolveLinks } from "./container/copied.ts";
import { type Daemon, withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";

export const spec = {
  name: "community.docker.docker_container_copy_into",
  summary: "Copies a file into a container",
  options: {
    ...DAEMON_OPTIONS,
    container: { type: "str", required: true, description: "Name or id of the container." },
    container_path: { type: "str", required: true, description: "Path in it, absolute." },
    path: { type: "path", description: "The file, on the target." },
    content: { type: "str", description: "Content of the file, in place of `path`." },
    content_is_b64: { type: "bool", default: false, description: "`content` is base64." },
    follow: { type: "bool", default: false, description: "Follow links in the container." },
    local_follow: { type: "bool", default: true, description: "Copy what a link `path` leads to." },
    owner_id: { type: "int", description: "Owner; the container's own user when absent." },
    group_id: { type: "int", description: "Group; the container's own user's when absent." },
    mode: { type: "raw", description: "Mode; needed with `content`." },
    force: {
      type: "bool",
      description: "Copy it in any case (true), or only when it is not there (false).",
    },
  },
  mutuallyExclusive: [["path", "content"]],
  requiredTogether: [["owner_id", "group_id"]],
  requiredBy: { content: ["mode"] },
  checkMode: "full",
  diff: true,
  effect: "talk",
  returns: { container_path: "Path in the container, behind links with `follow`." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const container = textOption(args, "container") ?? "";
  const given = textOption(args, "container_path") ?? "";
  if (!given.startsWith("/")) return fail("container_path must be absolute");
  if (textOption(args, "path") === undefined && args.content === undefined) {
    return fail("one of the following is required: path, content");
  }
  const { client } = daemon;
  const plain = posix.normalize(given).replace(/(?<=.)\/$/, "");
  const path = flagOption(args, "follow") ? await resolveLinks(client, container, plain) : plain;
  const current = await readCopied(client, container, path);
  if (current?.type === "directory") return fail(`${path} in the container is a directory`);
  const force = flagOption(args, "force");
  const wanted = await wantedFile(daemon, context, args, container);
  const changed = force === true || !current || (force !== false && differs(current, wanted));
  if (changed && !context.checkMode) {
    await client.containers.putArchive(container, posix.dirname(path), archiveOf(path, wanted), {
      keepOwner: true,
      signal: context.signal,
    });
  }
  const after = textOption(args, "path") ?? "dynamically generated";
  return {
    changed,
    container_path: path,
    ...(context.diffMode && changed
      ? {
          diff: contentDiff(current?.content ?? Buffer.alloc(0), wanted.content, {
            before: path,
            after,
          }),
        }
      : {}),
  };
});

function differs(current: CopiedFile, wanted: CopiedFile): boolean {
  return (
    current.type !== wanted.type ||
    current.uid !== wanted.uid ||
    current.gid !== wanted.gid ||
    (wanted.type === "link"
      ? current.target !== wanted.target
      : current.mode !== wanted.mode || !current.content.equals(wanted.content))
  );
}

async function wantedFile(
  daemon: Daemon,
  context: ModuleContext,
  args: Arguments,
  container: string,
): Promise<CopiedFile> {
  const owner = await ownerOf(daemon, args, container);
  const mode = modeOption(args);
  const content = textOption(args, "content");
  if (content !== undefined) {
    const bytes = Buffer.from(content, flagOption(args, "content_is_b64") ? "base64" : "utf8");
    return { type: "file", mode: mode ?? 0o644, ...owner, target: "", content: bytes };
  }
  const source = await daemon.absolute(textOption(args, "path") ?? "");
  const follow = flagOption(args, "local_follow") !== false;
  const found = await context.sh(
    `stat ${follow ? "-L " : ""}-c %f -- ${quote(source)} && { readlink -n -- ${quote(source)} || :; }`,
  );
  if (found.rc !== 0) return fail(`Cannot find local file ${source}`);
  const [bits = "", target = ""] = found.stdout.toString().split("\n");
  const status = Number.parseInt(bits, 16);
  const isLink = (status & 0o170000) === 0o120000;
  if (!isLink && (status & 0o170000) !== 0o100000) return fail(`${source} is no file`);
  if (isLink) {
    return { type: "link", mode: 0o777, ...owner, target, content: Buffer.alloc(0) };
  }
  const read = await context.sh(`cat -- ${quote(source)}`);
  if (read.rc !== 0) return fail(`cannot read ${source}: ${read.stderr.toString().trim()}`);
  const own = { type: "file", mode: mode ?? status & 0o7777, target: "" } as const;
  return { ...own, ...owner, content: read.stdout };
}

/** A number is what it is; a text is octal. */
function modeOption(args: Arguments): number | undefined {
  const { mode } = args;
  if (mode === undefined || mode === null) return undefined;
  if (typeof mode === "number") return mode;
  const text = String(mode);
  return /^[0-7]+$/.test(text)
    ? Number.parseInt(text, 8)
    : fail(`mode '${text}' is no octal number`);
}

async function ownerOf(daemon: Daemon, args: Arguments, container: string) {
  const [uid, gid] = [numberOption(args, "owner_id"), numberOption(args, "group_id")];
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  const ids = await daemon.client.exec.run(container, ["/bin/sh", "-c", "id -u && id -g"]);
  const [user, group] = ids.stdout.toString().trim().split("\n").map(Number);
  if (ids.exitCode !== 0 || !Number.isInteger(user) || !Number.isInteger(group)) {
    return fail("cannot find out the user of the container: give owner_id and group_id");
  }
  return { uid: user as number, gid: group as number };
}

function archiveOf(path: string, file: CopiedFile): Buffer {
  const { mode, uid, gid, content, target } = file;
  const type = file.type === "link" ? "link" : "file";
  const modified = Date.now() / 1000;
  const size = content.length;
  return Buffer.concat([
    tarHeader({ name: basename(path), type, mode, uid, gid, modified, size, target }),
    content,
    tarPadding(size),
    tarEnd(),
  ]);
}
