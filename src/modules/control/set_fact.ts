/** ansible.builtin.set_fact: sets variables of the host. */
import { isVariableName } from "../../playbook/attributes.ts";
import { str } from "../../values/python.ts";
import { toBool } from "../convert.ts";
import { invalidName } from "../lib/variable-name.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.set_fact",
  summary: "Set host variable(s) and fact(s)",
  options: {
    cacheable: { type: "bool", description: "Make them facts too.", default: false },
  },
  anyOption: true,
  freeForm: "_raw_params",
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { ansible_facts: "The variables that were set." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const facts: Record<string, Data> = {};
  for (const [key, value] of Object.entries(args)) {
    if (key === "cacheable" || key === "_raw_params" || value === undefined) continue;
    const name = key.includes("{") ? str(context.template(key)) : key;
    if (!isVariableName(name)) return { failed: true, msg: invalidName(name) };
    facts[name] = boolWord(value);
  }
  if (Object.keys(facts).length === 0) {
    return {
      failed: true,
      msg: "No key/value pairs provided, at least one is required for this action to succeed",
    };
  }
  return {
    ansible_facts: facts,
    ...(args.cacheable === true && { _ansible_facts_cacheable: true }),
  };
}

/** `set_fact: x=yes` means a boolean, as no other key=value argument does. */
function boolWord(value: Data): Data {
  return typeof value === "string" && /^(true|false|yes|no)$/i.test(value) ? toBool(value) : value;
}
