/** ansible.builtin.include_vars: variables from files, while the play runs. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, sep } from "node:path";
import { LayerbookError } from "../../errors/index.ts";
import { Dict } from "../../values/model.ts";
import { loadYaml } from "../../values/yaml.ts";
import { toData } from "../convert.ts";
import type {
  Arguments,
  Data,
  KeyInput,
  ModuleContext,
  ModuleResult,
  ModuleSpec,
} from "../module.ts";

export const spec = {
  name: "ansible.builtin.include_vars",
  summary: "Load variables from files, dynamically within a task",
  options: {
    file: { type: "path", description: "One file." },
    dir: { type: "path", description: "A folder, whose files are all read, sorted by name." },
    name: { type: "str", description: "A dictionary that takes the variables." },
    depth: { type: "int", description: "How deep to look; 0 is without end.", default: 0 },
    files_matching: { type: "str", description: "Only files that this expression finds." },
    ignore_files: { type: "list", elements: "str", description: "Files to leave out." },
    extensions: {
      type: "list",
      elements: "str",
      description: "Only files that end so.",
      default: ["json", "yaml", "yml"],
    },
    ignore_unknown_extensions: {
      type: "bool",
      description: "Leave other files out instead of failing.",
      default: false,
    },
    hash_behaviour: {
      type: "str",
      description: "Whether dictionaries of the same name are merged.",
      choices: ["replace", "merge"],
    },
  },
  freeForm: "file",
  mutuallyExclusive: [["file", "dir"]],
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: {
    ansible_facts: "The variables.",
    ansible_included_var_files: "The files that were read.",
  },
} as const satisfies ModuleSpec;

export async function inputs(context: ModuleContext, args: Arguments): Promise<KeyInput[]> {
  const { files } = await filesOf(context, args);
  return files.map((path) => ({ kind: "path", path }));
}

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  let files: readonly string[] = [];
  let facts: Record<string, Data> = {};
  try {
    const found = await filesOf(context, args);
    if (found.problem !== undefined) return failed(found.problem);
    files = found.files;
    for (const file of files) facts = { ...facts, ...(await readFile(context, file)) };
  } catch (error) {
    if (!(error instanceof LayerbookError)) throw error;
    return failed(error.message);
  }
  const name = args.name;
  if (typeof name === "string" && name !== "") {
    const known = args.hash_behaviour === "merge" ? context.variable(name) : undefined;
    const before = known instanceof Dict ? (toData(known) as Record<string, Data>) : {};
    facts = { [name]: merged(before, facts) };
  } else if (args.hash_behaviour === "merge") {
    for (const [key, value] of Object.entries(facts)) {
      const known = context.variable(key);
      if (known !== undefined) facts[key] = merged(toData(known), value);
    }
  }
  return { changed: false, ansible_facts: facts, ansible_included_var_files: files };
}

function failed(message: string): ModuleResult {
  return {
    changed: false,
    failed: true,
    message,
    msg: message,
    ansible_facts: {},
    ansible_included_var_files: [],
  };
}

async function readFile(context: ModuleContext, file: string): Promise<Record<string, Data>> {
  const text = (await context.controller.read(file)).toString("utf8");
  const value = loadYaml(text, {
    file,
    vault: (ciphertext, position) => context.controller.decrypt(ciphertext, position),
  });
  if (value === null) return {};
  if (!(value instanceof Dict)) {
    throw new LayerbookError(`${file} must be stored as a dictionary/hash`);
  }
  return toData(value) as Record<string, Data>;
}

interface Found {
  readonly files: string[];
  readonly problem?: string;
}

async function filesOf(context: ModuleContext, args: Arguments): Promise<Found> {
  if (typeof args.dir !== "string") {
    const name = String(args.file ?? "");
    const file = await context.controller.find("vars", name);
    return extensionsOf(args).includes(extname(file).slice(1)) || args.file !== undefined
      ? { files: [file] }
      : { files: [], problem: `${file} does not have a valid extension` };
  }
  const directory = await context.controller.find("vars", args.dir);
  if (!statSync(directory).isDirectory()) {
    return { files: [], problem: `${directory} is not a directory` };
  }
  const files: string[] = [];
  for (const path of walk(directory)) {
    const depth = relative(directory, dirname(path)).split(sep).filter(Boolean).length + 1;
    if (Number(args.depth ?? 0) > 0 && depth > Number(args.depth)) continue;
    if (isLeftOut(args, path)) continue;
    if (!extensionsOf(args).includes(extname(path).slice(1))) {
      if (args.ignore_unknown_extensions === true) continue;
      return {
        files: [],
        problem: `${path} does not have a valid extension: ${extensionsOf(args).join(", ")}`,
      };
    }
    files.push(path);
  }
  return { files };
}

function extensionsOf(args: Arguments): string[] {
  const list = args.extensions;
  return Array.isArray(list) ? list.map((item) => String(item).replace(/^\./, "")) : [];
}

function isLeftOut(args: Arguments, path: string): boolean {
  const name = basename(path);
  const ignored = Array.isArray(args.ignore_files) ? args.ignore_files : [];
  if (ignored.some((pattern) => new RegExp(`${String(pattern)}$`).test(name))) return true;
  return typeof args.files_matching === "string" && !new RegExp(args.files_matching).test(name);
}

/** Files of a folder, then those of its folders, each sorted by name. */
function* walk(directory: string): IterableIterator<string> {
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  for (const entry of entries) if (!entry.isDirectory()) yield join(directory, entry.name);
  for (const entry of entries) {
    if (entry.isDirectory()) yield* walk(join(directory, entry.name));
  }
}

function merged(before: Data, value: Data): Data {
  if (!isRecord(before) || !isRecord(value)) return value;
  const result: Record<string, Data> = { ...before };
  for (const [key, item] of Object.entries(value)) {
    const known = result[key];
    result[key] = known === undefined ? item : merged(known, item);
  }
  return result;
}

function isRecord(value: Data): value is Readonly<Record<string, Data>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}
