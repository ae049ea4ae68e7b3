/** ansible.builtin.rpm_key: keys in the rpm database. */
import { quote } from "../../connection/connection.ts";
import { fingerprints } from "../lib/openpgp.ts";
import { listOption, textOption } from "../lib/option-values.ts";
import { errorOf, linesOf, outputOf } from "../lib/sections.ts";
import { FETCH } from "../lib/text-file.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.rpm_key",
  summary: "Add and remove keys of the rpm database",
  options: {
    key: { type: "str", required: true, description: "URL, path or id of the key." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the key is in the database.",
    },
    validate_certs: {
      type: "bool",
      default: true,
      description: "Whether the certificate of a URL is checked.",
    },
    fingerprint: {
      type: "list",
      elements: "str",
      description: "Fingerprints, one of which the key must have.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {},
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const key = textOption(args, "key") ?? "";
  const state = textOption(args, "state") ?? "present";
  const url = key.includes("://");
  const bare = key.replace(/\s/g, "").replace(/^0x/i, "").toUpperCase();
  const byId = !url && /^([0-9A-F]{8}|[0-9A-F]{16}|[0-9A-F]{40})$/.test(bare);
  let prints: string[] = [];
  let content: Buffer | undefined;
  if (!byId) {
    const read = await context.sh(
      url
        ? `${FETCH}\nlb_k=$(mktemp) || exit; lb_fetch ${quote(key)} "$lb_k"; lb_rc=$?; cat "$lb_k"; rm -f "$lb_k"; exit $lb_rc`
        : `cat ${quote(key)}`,
    );
    if (read.rc !== 0) {
      return {
        failed: true,
        msg: url
          ? `failed to fetch key at ${key} , error was: ${errorOf(read).trim()}`
          : `Not a valid key ${key}`,
      };
    }
    content = read.stdout;
    prints = fingerprints(content);
    if (prints.length === 0) return { failed: true, msg: `Not a public key: ${key}` };
  }
  const wanted = (listOption(args, "fingerprint") ?? []).map((each) =>
    each.replace(/\s/g, "").toUpperCase(),
  );
  if (wanted.length > 0 && !byId && !wanted.some((each) => prints.includes(each))) {
    return {
      failed: true,
      msg: `The specified fingerprint, '${wanted.join("', '")}', does not match any key fingerprints in '${prints.join("', '")}'`,
    };
  }
  const short = (byId ? bare : (prints[0] ?? "")).slice(-8).toLowerCase();
  const asked = await context.sh(
    "lb_have rpm || exit 60; rpm -q gpg-pubkey --qf '%{VERSION}\\n'; exit 0",
  );
  if (asked.rc === 60) return { failed: true, msg: 'Failed to find required executable "rpm"' };
  // Newer versions of rpm name keys by the whole fingerprint.
  const here = linesOf(outputOf(asked)).filter((line) => line.toLowerCase().endsWith(short));
  const present = here.length > 0;
  if (present === (state === "present")) return { changed: false };
  if (state === "present" && content === undefined) {
    return {
      failed: true,
      msg: "When importing a key, a valid file must be given",
    };
  }
  if (context.checkMode) return { changed: true };
  const done =
    state === "present"
      ? await context.sh(
          'lb_k=$(mktemp) || exit; cat >"$lb_k"; rpm --import "$lb_k"; lb_rc=$?; rm -f "$lb_k"; exit $lb_rc',
          { stdin: content ?? Buffer.alloc(0) },
        )
      : await context.sh(
          `rpm --erase --allmatches ${here.map((version) => quote(`gpg-pubkey-${version}`)).join(" ")}`,
        );
  if (done.rc !== 0) return { failed: true, msg: errorOf(done).trim(), rc: done.rc };
  return { changed: true };
}
