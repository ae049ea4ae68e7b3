/** ansible.builtin.validate_argument_spec: checks a role's variables against its argument specs. */
import { Dict, textOf, type Value } from "../../values/model.ts";
import { fromJson, str } from "../../values/python.ts";
import type {
  Arguments,
  Data,
  ModuleContext,
  ModuleResult,
  ModuleSpec,
  OptionSpec,
  OptionType,
} from "../module.ts";
import { validateArguments } from "../validate.ts";

export const spec = {
  name: "ansible.builtin.validate_argument_spec",
  summary: "Validate role argument specs",
  options: {
    argument_spec: { type: "dict", description: "The options.", required: true },
    provided_arguments: { type: "dict", description: "Values that go before variables." },
    validate_args_context: { type: "dict", description: "What the message is to name." },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: {
    argument_errors: "What is wrong.",
    argument_spec_data: "The options.",
    msg: "What came of it.",
  },
} as const satisfies ModuleSpec;

type Fields = Readonly<Record<string, Data | undefined>>;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const options = (args.argument_spec ?? {}) as Fields;
  const provided = (args.provided_arguments ?? {}) as Fields;
  const values = new Dict();
  for (const name of Object.keys(options)) {
    const given = provided[name];
    const value = given === undefined ? context.variable(name) : context.template(fromJson(given));
    if (value !== undefined) values.set(name, value);
  }
  const errors = problems(options, values, args);
  const validated = args.validate_args_context ?? {};
  if (errors.length === 0) {
    return {
      changed: false,
      msg: "The arg spec validation passed",
      validate_args_context: validated,
    };
  }
  return {
    changed: false,
    failed: true,
    msg: `Validation of arguments failed:\n${errors.join("\n")}`,
    argument_errors: errors,
    argument_spec_data: args.argument_spec ?? {},
    validate_args_context: validated,
  };
}

function problems(options: Fields, values: Dict, args: Arguments): string[] {
  const module: ModuleSpec = {
    name: contextName(args),
    summary: "",
    options: toOptions(options),
    checkMode: "full",
    diff: false,
    effect: "talk",
    returns: {},
  };
  const found: string[] = [];
  validateArguments(module, values, { problem: (error) => found.push(error.message) });
  return found;
}

function contextName(args: Arguments): string {
  const fields = (args.validate_args_context ?? {}) as Fields;
  return textOf((fields.name ?? "") as Value) ?? "role";
}

function toOptions(fields: Fields): Record<string, OptionSpec> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, raw]) => [name, toOption((raw ?? {}) as Fields)]),
  );
}

function toOption(fields: Fields): OptionSpec {
  const list = (key: string) => (Array.isArray(fields[key]) ? (fields[key] as Data[]) : undefined);
  const choices = list("choices");
  const aliases = list("aliases")?.map((item) => str(fromJson(item)));
  const { options } = fields;
  const elements = fields.elements;
  return {
    type: (fields.type ?? "str") as OptionType,
    description: "",
    required: fields.required === true,
    ...(fields.default !== undefined && fields.default !== null && { default: fields.default }),
    ...(choices && { choices }),
    ...(aliases && { aliases }),
    ...(elements !== undefined && { elements: elements as OptionType }),
    ...(options !== undefined && options !== null && { options: toOptions(options as Fields) }),
  };
}
