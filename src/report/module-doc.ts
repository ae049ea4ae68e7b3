/** The documentation of a module, from the data that also validates its arguments. */
import type { ModuleSpec, OptionSpec } from "../modules/module.ts";

const WIDTH = 79;

/** As a page of text. */
export function moduleText(spec: ModuleSpec): string {
  const lines = [`> ${spec.name.toUpperCase()}`, "", ...wrapped(`${spec.summary}.`, 8)];
  if (spec.aliases && spec.aliases.length > 0) {
    lines.push("", ...wrapped(`Also known as ${spec.aliases.join(", ")}.`, 8));
  }
  lines.push("", "OPTIONS (= is mandatory):", "");
  for (const [name, option] of Object.entries(spec.options))
    lines.push(...optionText(name, option, 0));
  lines.push(...ruleLines(spec));
  lines.push("ATTRIBUTES:", "");
  lines.push(
    `        check mode: ${spec.checkMode === "full" ? "full" : "the task is skipped"}`,
    `        diff mode: ${spec.diff ? "full" : "none"}`,
    "",
  );
  const returns = Object.entries(spec.returns);
  if (returns.length > 0) {
    lines.push("RETURN VALUES:", "");
    for (const [name, text] of returns) lines.push(`- ${name}`, ...wrapped(text, 8), "");
  }
  return lines.join("\n");
}

function optionText(name: string, option: OptionSpec, depth: number): string[] {
  const indent = depth * 8;
  const pad = " ".repeat(indent);
  const lines = [`${pad}${option.required ? "=" : "-"} ${name}`];
  lines.push(...wrapped(option.description, indent + 8));
  const notes: string[] = [];
  if (option.noEffect !== undefined) notes.push(`Has no effect here: ${option.noEffect}`);
  if (option.choices) notes.push(`choices: [${option.choices.map(shown).join(", ")}]`);
  if (option.aliases) notes.push(`aliases: [${option.aliases.join(", ")}]`);
  if (option.default !== undefined) notes.push(`default: ${shown(option.default)}`);
  notes.push(
    `type: ${option.type}`,
    ...(option.elements === undefined ? [] : [`elements: ${option.elements}`]),
  );
  for (const note of notes) lines.push(...wrapped(note, indent + 8));
  lines.push("");
  if (option.options) {
    lines.push(`${pad}        OPTIONS:`, "");
    for (const [key, inner] of Object.entries(option.options)) {
      lines.push(...optionText(key, inner, depth + 1));
    }
  }
  return lines;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function ruleLines(spec: ModuleSpec): string[] {
  const rules: string[] = [];
  for (const group of spec.mutuallyExclusive ?? []) {
    rules.push(`Only one of ${group.join(", ")} can be given.`);
  }
  for (const group of spec.requiredTogether ?? []) {
    rules.push(`${group.join(", ")} are given together.`);
  }
  for (const group of spec.requiredOneOf ?? []) {
    rules.push(`One of ${group.join(", ")} is needed.`);
  }
  for (const [option, value, needed, any] of spec.requiredIf ?? []) {
    const words = needed.join(any ? " or " : ", ");
    rules.push(`With ${option}=${shown(value)}, ${words} must be given.`);
  }
  for (const [option, needed] of Object.entries(spec.requiredBy ?? {})) {
    rules.push(`${option} needs ${needed.join(", ")}.`);
  }
  return rules.length === 0 ? [] : ["NOTES:", "", ...rules.flatMap((rule) => wrapped(rule, 8)), ""];
}

function wrapped(text: string, indent: number): string[] {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) as string;
    if (line !== "" && indent + line.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => " ".repeat(indent) + line);
}

/** As `ansible-doc --json` shapes it. */
export function moduleData(spec: ModuleSpec): Record<string, unknown> {
  const dot = spec.name.lastIndexOf(".");
  return {
    doc: {
      collection: spec.name.slice(0, dot),
      module: spec.name.slice(dot + 1),
      plugin_name: spec.name,
      short_description: spec.summary,
      description: [spec.summary],
      has_action: false,
      options: optionsData(spec.options),
      attributes: {
        check_mode: { support: spec.checkMode === "full" ? "full" : "none" },
        diff_mode: { support: spec.diff ? "full" : "none" },
      },
    },
    examples: snippetText(spec),
    metadata: null,
    return: Object.fromEntries(
      Object.entries(spec.returns).map(([name, text]) => [name, { description: [text] }]),
    ),
  };
}

function optionsData(options: Readonly<Record<string, OptionSpec>>): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    data[name] = {
      description: [
        option.description,
        ...(option.noEffect === undefined ? [] : [`Has no effect here: ${option.noEffect}`]),
      ],
      type: option.type,
      ...(option.required && { required: true }),
      ...(option.default !== undefined && { default: option.default }),
      ...(option.choices && { choices: option.choices }),
      ...(option.aliases && { aliases: option.aliases }),
      ...(option.elements && { elements: option.elements }),
      ...(option.options && { suboptions: optionsData(option.options) }),
    };
  }
  return data;
}

/** A task to begin with. */
export function snippetText(spec: ModuleSpec): string {
  const lines = [`- name: ${spec.summary}`, `  ${spec.name}:`];
  for (const [name, option] of Object.entries(spec.options)) {
    const mark = option.required ? "# (required) " : "# ";
    lines.push(`      ${`${name}:`.padEnd(23)}${mark}${option.description}`);
  }
  return `${lines.join("\n")}\n`;
}
