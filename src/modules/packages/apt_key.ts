/** ansible.builtin.apt_key: keys that apt trusts, by apt-key or gpg. */

import { quote } from "../../connection/connection.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, linesOf, outputOf, parseSections, section } from "../lib/sections.ts";
import { FETCH } from "../lib/text-file.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec, RunResult } from "../module.ts";

export const spec = {
  name: "ansible.builtin.apt_key",
  summary: "Add and remove keys that apt trusts",
  options: {
    id: { type: "str", description: "Id or fingerprint of the key." },
    url: { type: "str", description: "Where to fetch the key from." },
    data: { type: "str", description: "The key itself." },
    file: { type: "path", description: "File on the target that holds the key." },
    keyring: { type: "path", description: "Keyring to use instead of apt's own." },
    keyserver: { type: "str", description: "Key server to ask." },
    validate_certs: {
      type: "bool",
      default: true,
      description: "Whether the certificate of `url` is checked.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the key is trusted.",
    },
  },
  mutuallyExclusive: [["data", "file", "keyserver", "url"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    before: "Ids of the trusted keys before.",
    after: "Ids of the trusted keys after a change.",
    id: "The id that was asked for.",
    key_id: "The long id of the key.",
    short_id: "Its last eight digits.",
    fp: "Its fingerprint, or the id if that is not known.",
  },
} as const satisfies ModuleSpec;

const TRUSTED = "/etc/apt/trusted.gpg";

/** Lists keys as `pub` and `fpr` records. */
const list = (keyring: string) =>
  `[ ! -s ${keyring} ] || gpg --batch --no-default-keyring --keyring ${keyring} --with-colons --list-keys 2>/dev/null`;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const id = textOption(args, "id");
  const state = textOption(args, "state") ?? "present";
  const url = textOption(args, "url");
  const data = textOption(args, "data");
  const file = textOption(args, "file");
  const keyserver = textOption(args, "keyserver");
  if (state === "absent" && id === undefined) {
    return { failed: true, msg: "Missing key_id, required to remove key." };
  }
  const wanted = id === undefined ? undefined : normalize(id);
  if (wanted === null) {
    return { failed: true, msg: `Invalid key_id: ${id}`, id: id ?? "" };
  }
  const keyring = quote(textOption(args, "keyring") ?? TRUSTED);
  const source =
    state === "absent" || keyserver !== undefined
      ? ""
      : url !== undefined
        ? `lb_fetch ${quote(url)} "$lb_d/key" || exit 61`
        : file !== undefined
          ? `cat ${quote(file)} >"$lb_d/key" || exit 61`
          : data !== undefined
            ? 'cat >"$lb_d/key"'
            : "";
  const prologue = `${FETCH}
lb_have gpg || exit 60
lb_d=$(mktemp -d) || exit
trap 'rm -rf "$lb_d"' EXIT
export GNUPGHOME="$lb_d" LC_ALL=C
set -- ${keyring}
case "$1" in /*) ;; *) set -- "$PWD/$1";; esac
${section("before")}; ${list('"$1"')}
for lb_f in /etc/apt/trusted.gpg.d/*.gpg; do
  [ ${textOption(args, "keyring") === undefined ? "-e" : "-z"} "$lb_f" ] && gpg --batch --with-colons --show-keys "$lb_f" 2>/dev/null
done
${source}
${section("key")}; [ ! -e "$lb_d/key" ] || gpg --batch --with-colons --show-keys "$lb_d/key" 2>/dev/null
`;
  const stdin = data === undefined ? {} : { stdin: Buffer.from(data) };
  const report = await context.sh(`${prologue}exit 0`, stdin);
  if (report.rc === 60) {
    return { failed: true, msg: 'Failed to find required executable "gpg"' };
  }
  if (report.rc === 61) {
    return {
      failed: true,
      msg: url
        ? `error getting key id from url: ${url}: ${errorOf(report).trim()}`
        : errorOf(report).trim(),
    };
  }
  const parts = parseSections(report.stdout);
  const before = keysOf(parts.get("before"));
  const offered = keysOf(parts.get("key"));
  if (wanted === undefined && offered.length === 0) {
    return {
      failed: true,
      msg: "No key_id was given and the key could not be read: is it an OpenPGP key?",
    };
  }
  const key = wanted ?? offered[0]?.fingerprint ?? "";
  const fits = (candidate: Key) => candidate.fingerprint.endsWith(key);
  const known = before.some(fits);
  const fingerprint = offered.find(fits)?.fingerprint ?? before.find(fits)?.fingerprint ?? key;
  const shown = {
    before: before.map((each) => each.fingerprint.slice(-16)),
    id: id ?? key,
    fp: fingerprint,
    key_id: fingerprint.slice(-16),
    short_id: fingerprint.slice(-8),
  };
  if (known === (state === "present")) return { changed: false, ...shown };
  if (context.checkMode) return { changed: true, ...shown };
  if (state === "present" && keyserver === undefined && source === "") {
    return {
      failed: true,
      msg: "No data, file, url or keyserver was given, so there is no key to add",
    };
  }
  const act =
    state === "absent"
      ? `for lb_f in "$1" /etc/apt/trusted.gpg.d/*.gpg; do
  [ -s "$lb_f" ] && gpg --batch --no-default-keyring --keyring "$lb_f" --with-colons --list-keys ${quote(key)} >/dev/null 2>&1 || continue
  gpg --batch --yes --no-default-keyring --keyring "$lb_f" --delete-keys ${quote(key)} >&2; rm -f "$lb_f~"
done`
      : keyserver !== undefined
        ? `gpg --batch --no-tty --no-default-keyring --keyring "$lb_d/ring" --keyserver ${quote(keyserver)} --recv-keys ${quote(key)} >&2 || exit
gpg --batch --no-default-keyring --keyring "$lb_d/ring" --export >"$lb_d/key"
${IMPORT}`
        : IMPORT;
  const done: RunResult = await context.sh(
    `${prologue.replace(section("before"), section("old"))}
mkdir -p "\${1%/*}" || exit
${act}
${section("after")}; ${list('"$1"')}
for lb_f in /etc/apt/trusted.gpg.d/*.gpg; do [ -e "$lb_f" ] && gpg --batch --with-colons --show-keys "$lb_f" 2>/dev/null; done
exit 0`,
    stdin,
  );
  if (done.rc !== 0) {
    const said = errorOf(done) || outputOf(done);
    return {
      failed: true,
      msg:
        keyserver === undefined
          ? `Error with the key ${shown.id}: ${said.trim()}`
          : `Error fetching key ${shown.id} from keyserver: ${keyserver}`,
      ...shown,
      stderr: said,
      rc: done.rc,
    };
  }
  const after = keysOf(parseSections(done.stdout).get("after"));
  if (state === "absent" && after.some(fits)) {
    return {
      failed: true,
      msg: `Unable to delete the key ${shown.id}: ${errorOf(done)}`,
      ...shown,
    };
  }
  if (state === "present" && !after.some(fits)) {
    return {
      failed: true,
      msg: `apt-key did not return an error, but the key ${shown.id} (keyid ${shown.key_id}) wasn't added: is the id that of the key?`,
      ...shown,
    };
  }
  return {
    changed: true,
    ...shown,
    after: after.map((each) => each.fingerprint.slice(-16)),
  };
}

/**
 * Adds the key to the keyring: a keyring is its keys one after the other, so this needs no agent, and
 * apt's own user can read the file.
 */
const IMPORT = `if grep -qe '-----BEGIN PGP' "$lb_d/key"; then gpg --batch --dearmor <"$lb_d/key" >"$lb_d/bin" || exit; else mv "$lb_d/key" "$lb_d/bin"; fi
cat "$lb_d/bin" >>"$1" && chmod 0644 "$1" || exit`;

/** Hexadecimal digits in upper case without `0x`; `null` if it is no key id. */
function normalize(id: string): string | null {
  const bare = id.replaceAll(" ", "").replace(/^0x/i, "").toUpperCase();
  return /^[0-9A-F]+$/.test(bare) &&
    [8, 16].concat([...Array(25).keys()].map((n) => n + 16)).includes(bare.length)
    ? bare
    : null;
}

interface Key {
  readonly fingerprint: string;
}

/** Primary keys and subkeys, by the `fpr` records of `gpg --with-colons`. */
function keysOf(colons: string | undefined): Key[] {
  return linesOf(colons)
    .map((line) => line.split(":"))
    .filter(([type]) => type === "fpr")
    .map((fields) => ({ fingerprint: fields[9] ?? "" }));
}
