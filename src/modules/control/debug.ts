/** ansible.builtin.debug: prints a message or a variable. */
import { str, typeName } from "../../values/python.ts";
import { toData } from "../convert.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.debug",
  summary: "Print statements during execution",
  options: {
    msg: { type: "raw", description: "What to print.", default: "Hello world!" },
    var: { type: "raw", description: "A variable or expression to print." },
    verbosity: {
      type: "int",
      description: "Print only when the run is at least so verbose.",
      default: 0,
    },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { msg: "The message." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const verbosity = Number(args.verbosity ?? 0);
  if (verbosity > context.verbosity) {
    return { skipped: true, skipped_reason: "Verbosity threshold not met." };
  }
  if (args.var === undefined || args.var === null) {
    return { msg: args.msg ?? null, _ansible_verbose_always: true };
  }
  const name = args.var;
  if (typeof name !== "string") {
    const shown = typeof name === "object" && !Array.isArray(name) ? "dict" : "list";
    return { [`<class '${shown}'>`]: name, _ansible_verbose_always: true };
  }
  // What came from outside is shown as it is, not evaluated.
  if (context.isUnsafe("var")) return { [name]: name, _ansible_verbose_always: true };
  return { [name]: shown(context, name), _ansible_verbose_always: true };
}

function shown(context: ModuleContext, name: string): Data {
  try {
    const direct = /^[A-Za-z_]\w*$/.test(name) ? context.variable(name) : undefined;
    const value = direct ?? context.template(name.includes("{{") ? name : `{{ ${name} }}`);
    if (value === name && typeName(value) === "str") return str(value);
    return toData(value);
  } catch (error) {
    if (!isUndefined(error)) throw error;
    const details = context.verbosity > 0 ? `: ${error.message}` : "";
    return `VARIABLE IS NOT DEFINED!${details}`;
  }
}

function isUndefined(error: unknown): error is Error {
  return error instanceof Error && error.name === "UndefinedError";
}
