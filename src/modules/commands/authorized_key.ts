/**
 * `ansible.posix.authorized_key`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/posix/authorized_key_module.html
 */
import { decodeBytes, encodeText, pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { fetchBody } from "../lib/http.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { directoryOf, expandPaths } from "../lib/paths.ts";
import { Fields, pathInfo, type Status } from "../lib/status.ts";
import { requestOf } from "../lib/url-options.ts";
import { replaceFile } from "../lib/write.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.posix.authorized_key",
  summary: "Adds and removes SSH keys that may log in as a user",
  options: {
    user: { type: "str", required: true, description: "The user." },
    key: {
      type: "str",
      required: true,
      description: "One or more public keys, or an address of them.",
    },
    path: { type: "path", description: "The file. Default: `~/.ssh/authorized_keys` of the user." },
    manage_dir: {
      type: "bool",
      default: true,
      description: "Make the directory, with owner and mode.",
    },
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "Whether the keys shall be there.",
    },
    key_options: { type: "str", description: "Options of the keys." },
    exclusive: { type: "bool", default: false, description: "No other keys are left." },
    comment: { type: "str", description: "Comment in place of the keys' own." },
    validate_certs: { type: "bool", default: true, description: "Check the server's certificate." },
    follow: { type: "bool", default: false, description: "Write to what a link leads to." },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { keyfile: "The file.", key: "The keys.", user: "The user." },
} as const satisfies ModuleSpec;

interface Key {
  /** `from="..."`, `command="..."` and the like, as one text. */
  readonly options: string;
  readonly type: string;
  readonly data: string;
  readonly comment: string;
}

const TYPES =
  /^(?:ssh-(?:ed25519|dss|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ecdsa-sha2-nistp256|ssh-ed25519)@openssh\.com|(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp(?:256|384|521))-cert-v01@openssh\.com)$/;

/** Words of a line, where spaces in double quotes do not count. */
function wordsOf(line: string): string[] {
  return line.match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? [];
}

function parseKey(line: string): Key | undefined {
  if (line.trim() === "" || line.trimStart().startsWith("#")) return undefined;
  const words = wordsOf(line.trim());
  const at = words.findIndex((text) => TYPES.test(text));
  const data = words[at + 1];
  if (at < 0 || at > 1 || data === undefined) return undefined;
  return {
    options: at === 1 ? (words[0] ?? "") : "",
    type: words[at] ?? "",
    data,
    comment: words.slice(at + 2).join(" "),
  };
}

function textOfKey({ options, type, data, comment }: Key): string {
  return [options, type, data, comment].filter((part) => part !== "").join(" ");
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const user = textOption(args, "user") ?? "";
    const wanted = await wantedKeys(context, args);
    const place = await findFile(context, args, user);
    const isPresent = textOption(args, "state") !== "absent";
    const lines = place.text === "" ? [] : place.text.replace(/\n$/, "").split("\n");
    const next = isPresent
      ? added(lines, wanted, flagOption(args, "exclusive") ?? false)
      : lines.filter((line) => {
          const key = parseKey(line);
          return (
            !key || !wanted.some((other) => other.data === key.data && other.type === key.type)
          );
        });
    const text = next.length === 0 ? "" : `${next.join("\n")}\n`;
    const isChanged = next.join("\n") !== lines.join("\n");
    const result: ModuleResult = {
      changed: isChanged,
      keyfile: place.path,
      user,
      key: textOption(args, "key") ?? "",
      state: textOption(args, "state") ?? "present",
      exclusive: flagOption(args, "exclusive") ?? false,
      key_options: textOption(args, "key_options") ?? null,
      manage_dir: flagOption(args, "manage_dir") ?? true,
      path: textOption(args, "path") ?? null,
      comment: textOption(args, "comment") ?? null,
      follow: flagOption(args, "follow") ?? false,
      validate_certs: flagOption(args, "validate_certs") ?? true,
      ...(context.diffMode
        ? {
            diff: {
              before_header: place.path,
              before: place.text,
              after_header: place.path,
              after: text,
            },
          }
        : {}),
    };
    if (!isChanged || context.checkMode) return { ...result, ...pathInfo(place.status) };
    await prepareDirectory(context, args, place);
    const account = { owner: String(place.uid), group: String(place.gid) };
    const replaced = await replaceFile(context, {
      path: place.path,
      content: encodeText(text),
      existing: place.status,
      wanted: { ...account, mode: place.status ? undefined : "0600" },
    });
    return { ...result, ...pathInfo(replaced.status) };
  },
);

async function wantedKeys(context: ModuleContext, args: Arguments): Promise<Key[]> {
  let text = textOption(args, "key") ?? "";
  if (/^https?:\/\//.test(text)) {
    const answer = await fetchBody(context, requestOf({ ...args, url: text }, { timeout: 10 }));
    if (answer.status !== 200) fail(`Error getting key from: ${text}`);
    text = decodeBytes(answer.body);
  }
  const options = textOption(args, "key_options");
  const comment = textOption(args, "comment");
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const key = parseKey(line);
      if (!key) return fail(`invalid key specified: ${line}`);
      return { ...key, options: options ?? key.options, comment: comment ?? key.comment };
    });
}

function added(lines: readonly string[], wanted: readonly Key[], exclusive: boolean): string[] {
  const result: string[] = [];
  const open = new Map(wanted.map((key) => [`${key.type} ${key.data}`, key]));
  for (const line of lines) {
    const key = parseKey(line);
    const match = key && open.get(`${key.type} ${key.data}`);
    if (match) {
      open.delete(`${match.type} ${match.data}`);
      // A comment is compared only if given; options are those of the task, none included.
      const { options } = match;
      const comment = match.comment === "" && key ? key.comment : match.comment;
      result.push(textOfKey({ ...match, options, comment }));
    } else if (!key || !exclusive) {
      if (key || !exclusive || line.trim() === "" || line.trimStart().startsWith("#")) {
        result.push(line);
      }
    }
  }
  return [...result, ...[...open.values()].map(textOfKey)];
}

interface Place {
  readonly path: string;
  readonly text: string;
  readonly status: Status | undefined;
  readonly uid: number;
  readonly gid: number;
}

async function findFile(context: ModuleContext, args: Arguments, user: string): Promise<Place> {
  const given = textOption(args, "path");
  const follow = flagOption(args, "follow") ?? false;
  const script = `u=${word(user)}
e=$(if lb_have getent; then getent passwd "$u"; else grep "^$u:" /etc/passwd; fi)
[ -n "$e" ] || exit 81
IFS=:; set -f; set -- $e; unset IFS
p=${given === undefined ? '"$6"/.ssh/authorized_keys' : pathWord(given)}
${follow ? 'if [ -h "$p" ]; then p=$(readlink -f "$p"); fi' : ""}
printf '%s\\0%s\\0%s\\0' "$3" "$4" "$p"; lb_st "$p" L; if [ -f "$p" ]; then cat "$p"; fi`;
  const result = await context.sh(script);
  if (result.rc === 81) {
    return fail(`Failed to lookup user ${user}: "getpwnam(): name not found: '${user}'"`);
  }
  const fields = new Fields(result.stdout);
  const uid = Number(fields.text());
  const gid = Number(fields.text());
  const path = fields.text();
  const status = fields.status();
  return { uid, gid, path, status, text: decodeBytes(fields.rest()) };
}

async function prepareDirectory(
  context: ModuleContext,
  args: Arguments,
  place: Place,
): Promise<void> {
  const directory = pathWord(directoryOf(place.path));
  const manages = flagOption(args, "manage_dir") ?? true;
  const result = await context.sh(
    manages
      ? `d=${directory}; [ -d "$d" ] || mkdir "$d" || exit 1; chown ${place.uid}:${place.gid} "$d" && chmod 700 "$d"`
      : `[ -d ${directory} ]`,
  );
  if (result.rc === 0) return;
  fail(
    `Failed to create directory ${directoryOf(place.path)} : ${result.stderr.toString().trim()}`,
  );
}
