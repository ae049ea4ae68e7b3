/**
 * `community.general.capabilities`, by the target's getcap and setcap.
 * @see https://docs.ansible.com/ansible/latest/collections/community/general/capabilities_module.html
 */
import { pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.capabilities",
  summary: "Gives a program capabilities, or takes them away",
  options: {
    path: { type: "path", required: true, aliases: ["key"], description: "The program." },
    capability: {
      type: "str",
      required: true,
      aliases: ["cap"],
      description: "The capability with its flags, such as `cap_net_raw+ep`.",
    },
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "Whether it shall have it.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { msg: "What was done." },
} as const satisfies ModuleSpec;

interface Capability {
  readonly name: string;
  readonly operator: string;
  /** Letters of `e`, `i` and `p`, sorted. */
  readonly flags: string;
}

function parse(text: string): Capability {
  const match = /^(cap_[a-z0-9_]+)([-+=])([eip]*)$/.exec(text.trim().toLowerCase());
  if (!match) return fail(`Couldn't find operator (one of: =, -, +) in ${text}`);
  const [, name = "", operator = "", flags = ""] = match;
  return { name, operator, flags: [...flags].sort().join("") };
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const wanted = parse(textOption(args, "capability") ?? "");
    const isPresent = textOption(args, "state") !== "absent";
    const current = await read(context, path);
    const now = current.find(({ name }) => name === wanted.name);
    const isRight = isPresent ? now !== undefined && now.flags === wanted.flags : now === undefined;
    if (isRight) return { changed: false, msg: "capabilities unchanged" };
    const others = current.filter(({ name }) => name !== wanted.name);
    const next = isPresent ? [...others, wanted] : others;
    if (!context.checkMode) await write(context, path, next);
    return { changed: true, msg: "capabilities changed" };
  },
);

/** getcap writes `path = cap_a,cap_b+ep` or, newer, `path cap_a,cap_b=ep`. */
async function read(context: ModuleContext, path: string): Promise<Capability[]> {
  const p = pathWord(path);
  const result = await context.sh(
    `PATH=$PATH:/sbin:/usr/sbin; lb_have getcap || exit 81; [ -e ${p} ] || exit 82; getcap ${p}`,
  );
  if (result.rc === 81) fail('Failed to find required executable "getcap" in paths');
  if (result.rc === 82) fail(`${path}: No such file or directory`);
  if (result.rc !== 0)
    fail(`Unable to get capabilities of ${path}`, { stderr: result.stderr.toString() });
  const text = result.stdout.toString().trim();
  if (!text.startsWith(path)) return [];
  const groups = text
    .slice(path.length)
    .replace(/^\s*(?:=\s)?\s*/, "")
    .split(/\s+/);
  return groups.flatMap((group) => {
    const match = /^(.*?)([-+=])([eip]*)$/.exec(group);
    if (!match) return [];
    const flags = [...(match[3] ?? "")].sort().join("");
    return (match[1] ?? "").split(",").map((name) => ({ name, operator: match[2] ?? "", flags }));
  });
}

async function write(
  context: ModuleContext,
  path: string,
  capabilities: readonly Capability[],
): Promise<void> {
  const text = capabilities
    .map(({ name, operator, flags }) => `${name}${operator}${flags}`)
    .join(" ");
  const p = pathWord(path);
  const command = text === "" ? `setcap -r ${p}` : `setcap ${word(text)} ${p}`;
  const result = await context.sh(`PATH=$PATH:/sbin:/usr/sbin; ${command}`);
  if (result.rc !== 0) {
    const stderr = result.stderr.toString();
    fail(`Unable to set capabilities of ${path}: ${stderr.trim()}`, { rc: result.rc, stderr });
  }
}
