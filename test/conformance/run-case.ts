/** Runs one recorded case and compares the answer with what Ansible answered. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseKv } from "../../src/playbook/arguments.ts";
import { Environment } from "../../src/template/environment.ts";
import { removeOmitted } from "../../src/template/omit.ts";
import type { ControllerFiles, TemplateFileOptions } from "../../src/template/plugin.ts";
import { Templar, variablesOf } from "../../src/template/templar.ts";
import { sortValues } from "../../src/values/compare.ts";
import { fromJson } from "../../src/values/convert.ts";
import { Dict, PyFloat, PySet, TaggedString, Tuple, type Value } from "../../src/values/model.ts";
import { repr, str } from "../../src/values/text.ts";
import { typeName } from "../../src/values/type-name.ts";
import { holdsUnsafe } from "../../src/values/unsafe.ts";
import { loadYaml } from "../../src/values/yaml.ts";

export interface Case {
  readonly id: string;
  readonly kind: "template" | "when" | "yaml" | "args" | "template_file";
  readonly area: string;
  readonly inputs: {
    readonly template?: unknown;
    readonly when?: unknown;
    readonly yaml?: string;
    readonly args?: string;
    readonly check_raw?: boolean;
    readonly vars_yaml?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
    readonly omit?: boolean;
    readonly vars_self?: boolean;
    readonly options?: Readonly<Record<string, string | boolean>>;
  };
  readonly expected: {
    readonly result?: unknown;
    readonly type?: string;
    readonly repr?: string;
    readonly unsafe?: boolean;
    readonly error?: string;
    readonly message?: string;
  };
}

/** The recorded cases, in the order of the file. */
export function readCases(path: string): Case[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Case);
}

const fileOptions: Readonly<Record<string, keyof TemplateFileOptions>> = {
  trim_blocks: "trimBlocks",
  lstrip_blocks: "lstripBlocks",
  newline_sequence: "newlineSequence",
  block_start_string: "blockStart",
  block_end_string: "blockEnd",
  variable_start_string: "variableStart",
  variable_end_string: "variableEnd",
  comment_start_string: "commentStart",
  comment_end_string: "commentEnd",
};

const placeholder = "__omit_place_holder__5ae1f3c2";

function controllerFiles(base: string): ControllerFiles {
  const find = (kind: string, name: string): string | undefined => {
    if (name.startsWith("/")) return existsSync(name) ? name : undefined;
    const places = kind === "" ? [join(base, name)] : [join(base, kind, name), join(base, name)];
    return places.find((place) => existsSync(place));
  };
  return {
    baseDirectory: base,
    find,
    read: (path) => readFileSync(path),
    searchPaths: (kind) => (kind === "" ? [base] : [join(base, kind), base]),
  };
}

/** What went differently from Ansible; `undefined` when nothing did. */
export function runCase(item: Case): string | undefined {
  const { inputs, expected } = item;
  const base = inputs.files ? mkdtempSync(join(tmpdir(), "conformance-")) : tmpdir();
  try {
    for (const [name, content] of Object.entries(inputs.files ?? {})) {
      mkdirSync(dirname(join(base, name)), { recursive: true });
      writeFileSync(join(base, name), content);
    }
    let answer: Value;
    try {
      answer = evaluate(item, base);
    } catch (error) {
      if (expected.error !== undefined) return undefined;
      return `failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    }
    if (expected.error !== undefined) {
      return `should fail (${expected.error}: ${expected.message}), but answered ${repr(answer)}`;
    }
    return difference(item, answer, base);
  } finally {
    if (inputs.files) rmSync(base, { recursive: true, force: true });
  }
}

function evaluate(item: Case, base: string): Value {
  const { inputs } = item;
  if (item.kind === "yaml") return loadYaml(inputs.yaml ?? "", { file: "case.yml" });
  if (item.kind === "args") return parseKv(inputs.args ?? "", inputs.check_raw ?? false);
  const loaded = loadYaml(inputs.vars_yaml ?? "{}", { file: "vars.yml" });
  const variables = loaded instanceof Dict ? loaded : new Dict();
  if (inputs.omit) variables.set("omit", placeholder);
  if (inputs.vars_self) variables.set("vars", new Dict(variables));
  const environment = new Environment({
    files: controllerFiles(base),
    settings: {
      native: false,
      environment: { ...process.env, HOME: "/home/tester", USER: "tester", ...inputs.env },
    },
  });
  if (item.kind === "template_file") {
    variables.set("ansible_managed", "Ansible managed");
    variables.set("template_path", "case.j2");
    variables.set("template_destpath", "/dest/case");
    const options: Record<string, string | boolean> = {};
    for (const [name, value] of Object.entries(inputs.options ?? {})) {
      options[fileOptions[name] ?? name] = value;
    }
    return new Templar(environment, variablesOf(variables)).renderFile(
      String(inputs.template),
      options,
    );
  }
  const templar = new Templar(environment, variablesOf(variables));
  if (item.kind === "when") return templar.evaluateCondition(fromJson(inputs.when));
  const template = inputs.template;
  const raw =
    typeof template === "number" && item.expected.type === "float"
      ? new PyFloat(template)
      : fromJson(template);
  const result = templar.template(raw, { failOnUndefined: true, convertData: true });
  return inputs.omit ? removeOmitted(result, placeholder) : result;
}

function difference(item: Case, answer: Value, base: string): string | undefined {
  const { expected } = item;
  if (item.kind === "when" || item.kind === "template_file") {
    const plain = typeof answer === "boolean" ? answer : str(answer);
    return plain === expected.result
      ? undefined
      : `expected ${JSON.stringify(expected.result)}, got ${JSON.stringify(plain)}`;
  }
  const text = reprOf(answer);
  const got = item.inputs.files ? text.replaceAll(base, "@BASEDIR@") : text;
  const wanted = expected.repr ?? "";
  if (got !== wanted) return `expected ${wanted}, got ${got}`;
  const type = typeOf(answer);
  if (type !== expected.type) return `expected type ${expected.type}, got ${type}`;
  const unsafe = holdsUnsafe(answer);
  if (unsafe !== (expected.unsafe ?? false)) return `expected unsafe ${!unsafe}, got ${unsafe}`;
  return undefined;
}

function typeOf(value: Value): string {
  return value instanceof TaggedString ? "str" : typeName(value);
}

/** repr() as recorded: the members of sets are sorted, wrapper classes are plain. */
function reprOf(value: Value): string {
  return repr(plainSets(value));
}

function plainSets(value: Value): Value {
  if (Array.isArray(value)) return value.map(plainSets);
  if (value instanceof Dict) {
    return new Dict(Array.from(value, ([key, item]) => [key, plainSets(item)] as const));
  }
  if (value instanceof Tuple) return new Tuple(value.items.map(plainSets));
  if (value instanceof TaggedString) return value.text;
  if (value instanceof PySet) {
    return new PySet(sortValues(Array.from(value), (member) => repr(member)));
  }
  return value;
}
