/**
 * `ansible.builtin.known_hosts`. Hashed host names are made and compared here, so the target needs
 * no ssh-keygen.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/known_hosts_module.html
 */
import { createHmac, randomBytes } from "node:crypto";
import { decodeBytes, encodeText, pathWord } from "../lib/bytes.ts";
import { readTextFile } from "../lib/edit-file.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { directoryOf, expandPaths } from "../lib/paths.ts";
import { pathInfo } from "../lib/status.ts";
import { replaceFile } from "../lib/write.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.known_hosts",
  summary: "Adds and removes host keys that SSH trusts",
  options: {
    name: { type: "str", required: true, aliases: ["host"], description: "The host." },
    key: { type: "str", description: "The line of the file: host, type and key." },
    path: { type: "path", default: "~/.ssh/known_hosts", description: "The file." },
    hash_host: { type: "bool", default: false, description: "Hide the host's name in the file." },
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "Whether the key shall be there.",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { path: "The file.", key: "The key.", name: "The host.", hash_host: "As it was given." },
} as const satisfies ModuleSpec;

interface Entry {
  readonly marker: string | undefined;
  readonly hosts: string;
  readonly type: string;
  readonly data: string;
}

function parse(line: string): Entry | undefined {
  const words = line.trim().split(/\s+/);
  if (line.trim() === "" || line.trimStart().startsWith("#")) return undefined;
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  const [hosts, type, data] = words;
  return hosts && type && data ? { marker, hosts, type, data } : undefined;
}

/** Is the host one of those that the field names, plainly or hashed? */
function names(hosts: string, host: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(hosts);
  if (!hashed) return hosts.split(",").includes(host);
  const salt = Buffer.from(hashed[1] ?? "", "base64");
  return createHmac("sha1", salt).update(host).digest("base64") === hashed[2];
}

function hashed(line: string, host: string): string {
  const salt = randomBytes(20);
  const sum = createHmac("sha1", salt).update(host).digest("base64");
  const entry = parse(line);
  const field = `|1|${salt.toString("base64")}|${sum}`;
  return line.replace(entry?.hosts ?? host, () => field);
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const host = (textOption(args, "name") ?? "").toLowerCase();
    const path = textOption(args, "path") ?? "";
    const isPresent = textOption(args, "state") !== "absent";
    const hides = flagOption(args, "hash_host") ?? false;
    const key = textOption(args, "key");
    const wanted = key === undefined ? undefined : parse(key);
    if (host.includes(",")) {
      return fail(
        "Comma separated list of names is not supported. Please pass a single name to lookup in the known_hosts file.",
      );
    }
    if (isPresent && key === undefined) return fail("No key specified when adding a host");
    if (key !== undefined && !wanted)
      return fail("Host parameter does not match hashed host field in supplied key");
    if (wanted && !names(wanted.hosts, host)) {
      return fail("Host parameter does not match hashed host field in supplied key");
    }
    const file = await readTextFile(context, path);
    const text = decodeBytes(file.bytes);
    const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
    const next =
      isPresent && key !== undefined && wanted
        ? added(lines, host, key.trim(), wanted, hides)
        : lines.filter((line) => !isMatch(line, host, wanted));
    const after = next.length === 0 ? "" : `${next.join("\n")}\n`;
    const isChanged = next.join("\n") !== lines.join("\n");
    const diff = {
      before_header: file.status ? path : "/dev/null",
      after_header: path,
      before: text,
      after,
    };
    if (context.checkMode) return { changed: isChanged, diff };
    let { status } = file;
    if (isChanged) {
      await context.sh(`d=${pathWord(directoryOf(path))}; [ -d "$d" ] || mkdir -m 700 "$d"`);
      const replaced = await replaceFile(context, {
        path: file.real,
        content: encodeText(after),
        existing: file.status,
        wanted: {},
      });
      status = replaced.status;
    }
    return {
      name: textOption(args, "name") ?? "",
      key: key ?? null,
      path,
      hash_host: hides,
      diff: isPresent ? diff : { ...diff, after: text },
      changed: isChanged,
      ...pathInfo(status),
    };
  },
);

/** With a key only entries of that key's type count. */
function isMatch(line: string, host: string, wanted: Entry | undefined): boolean {
  const entry = parse(line);
  if (!entry || !names(entry.hosts, host)) return false;
  if (!wanted) return true;
  if (entry.type !== wanted.type || entry.marker !== wanted.marker) return false;
  // A host may have several authorities, and several revoked keys.
  return wanted.marker === undefined || entry.data === wanted.data;
}

function added(
  lines: readonly string[],
  host: string,
  key: string,
  wanted: Entry,
  hides: boolean,
): string[] {
  const right = lines.find((line) => {
    const entry = parse(line);
    return (
      isMatch(line, host, wanted) &&
      entry?.data === wanted.data &&
      entry.hosts.startsWith("|1|") === hides
    );
  });
  if (right !== undefined) {
    return lines.filter((line) => line === right || !isMatch(line, host, wanted));
  }
  const rest = lines.filter((line) => !isMatch(line, host, wanted));
  return [...rest, hides && !wanted.hosts.startsWith("|1|") ? hashed(key, host) : key];
}
