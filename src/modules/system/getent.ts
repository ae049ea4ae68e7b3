/** ansible.builtin.getent: entries of the name service's databases as facts. */
import { quote } from "../../connection/connection.ts";
import { flagOption, textOption, words } from "../lib/option-values.ts";
import { linesOf, outputOf } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.getent",
  summary: "Look entries up with getent",
  options: {
    database: { type: "str", required: true, description: "`passwd`, `group`, `hosts`, ..." },
    key: { type: "str", default: "", description: "The entry; all entries when empty." },
    service: { type: "str", description: "The name service to ask (`getent -s`)." },
    split: { type: "str", description: "What separates the fields of an entry." },
    fail_key: { type: "bool", default: true, description: "Fail when the entry is missing." },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { ansible_facts: "`getent_DATABASE`: fields by entry." },
} as const satisfies ModuleSpec;

const COLON = ["passwd", "shadow", "group", "gshadow"];

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const database = textOption(args, "database") ?? "";
  const key = textOption(args, "key") ?? "";
  const service = textOption(args, "service");
  const separator = textOption(args, "split") ?? (COLON.includes(database) ? ":" : undefined);
  // busybox has no getent: the account files are then the whole database.
  const done = await context.sh(`
if lb_have getent; then
  ${words("getent", ...(service === undefined ? [] : ["-s", service]), database, ...(key === "" ? [] : [key]))}; exit
fi
[ -r ${quote(`/etc/${database}`)} ] || exit 1
${
  key === ""
    ? `cat ${quote(`/etc/${database}`)}`
    : `LBK=${quote(key)} awk -F: '$1 == ENVIRON["LBK"] { print; found = 1 } END { exit found ? 0 : 2 }' ${quote(`/etc/${database}`)}`
}`);
  const name = `getent_${database}`;
  if (done.rc === 0) {
    const entries: Record<string, Data> = {};
    for (const line of linesOf(outputOf(done))) {
      const record = separator === undefined ? line.trim().split(/\s+/) : line.split(separator);
      const [first = "", ...rest] = record;
      const before = entries[first];
      // Several entries of one name (addresses of a host) become a list of lists.
      entries[first] =
        before === undefined
          ? rest
          : [...(Array.isArray(before) && Array.isArray(before[0]) ? before : [before]), rest];
    }
    return { changed: false, ansible_facts: { [name]: entries } };
  }
  if (done.rc === 2) {
    const msg = "One or more supplied key could not be found in the database.";
    if (flagOption(args, "fail_key") === false) {
      return { changed: false, ansible_facts: { [name]: { [key]: null } }, msg };
    }
    return { failed: true, msg };
  }
  if (done.rc === 3) {
    return { failed: true, msg: "Enumeration not supported on this database." };
  }
  return { failed: true, msg: "Missing arguments, or database unknown." };
}
