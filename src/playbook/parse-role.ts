/** Roles: found by name, read from their folders, with what they depend on. */
import { readdirSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { ParseError, type SourcePosition } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { positionOf } from "../values/positions.ts";
import { str, truth } from "../values/python.ts";
import { readAttributes } from "./attributes.ts";
import type { ParseContext } from "./context.ts";
import { wrongShape } from "./errors.ts";
import { keywordAt } from "./keywords.ts";
import { isDirectory, isFile } from "./loader.ts";
import { type Attributes, Block, type Node, Task } from "./node.ts";
import { loadTaskFile } from "./parse-tasks.ts";
import { MAIN_FILES, Role, type RoleFiles } from "./role.ts";

const EXTENSIONS = ["", ".yml", ".yaml", ".json"];
const FILE_OPTIONS = {
  tasks: "tasks_from",
  vars: "vars_from",
  defaults: "defaults_from",
  handlers: "handlers_from",
} as const;

export interface RoleUse {
  /** As written, untemplated. */
  readonly name: Value;
  readonly files: RoleFiles;
  readonly allowDuplicates: boolean | undefined;
  /** Whether variables stay visible after an include (`public`). */
  /** `public`; not given: as the setting says. */
  readonly isPublic: boolean | undefined;
  readonly validate: boolean;
}

const ROLE_OPTIONS: ReadonlySet<string> = new Set([
  "_raw_params",
  "name",
  "role",
  "allow_duplicates",
  "public",
  "apply",
  "rolespec_validate",
  ...Object.values(FILE_OPTIONS),
]);

/**
 * The arguments of import_role and include_role. Values may still be templates.
 * @throws ParseError
 */
export function readRoleArguments(task: Task, args: Dict = task.args): RoleUse {
  const unknown = [...args.keys()].map((key) => str(key)).filter((key) => !ROLE_OPTIONS.has(key));
  if (unknown[0] !== undefined) {
    const close = nearest(unknown[0], ROLE_OPTIONS);
    throw new ParseError(`Invalid options for ${task.action}: ${unknown.join(",")}`, {
      position: positionOf(args, unknown[0]) ?? task.position,
      hint: close ? `Did you mean '${close}'?` : undefined,
    });
  }
  const name = args.get("name") ?? args.get("role") ?? args.get("_raw_params");
  if (name === undefined || name === null) {
    throw new ParseError(`'name' is a required field for ${task.action}.`, {
      position: task.position,
    });
  }
  const from = (key: keyof typeof FILE_OPTIONS) => {
    const value = args.get(FILE_OPTIONS[key]);
    if (value === undefined || value === null) return MAIN_FILES[key];
    if (textOf(value) === undefined) {
      throw wrongShape(`'${FILE_OPTIONS[key]}'`, "a string", args, FILE_OPTIONS[key]);
    }
    return str(value);
  };
  const flag = (key: string) => {
    const value = args.get(key);
    return value === undefined || value === null ? undefined : isTrue(value);
  };
  return {
    name,
    files: {
      tasks: from("tasks"),
      vars: from("vars"),
      defaults: from("defaults"),
      handlers: from("handlers"),
    },
    allowDuplicates: flag("allow_duplicates"),
    isPublic: flag("public"),
    validate: flag("rolespec_validate") ?? true,
  };
}

function isTrue(value: Value): boolean {
  const text = textOf(value);
  return text === undefined ? truth(value) : /^(y|yes|on|1|true|t)$/i.test(text);
}

export interface LoadRoleOptions {
  readonly name: string;
  readonly parent: Node;
  readonly attributes: Attributes;
  readonly params: Dict;
  /** `vars` of the import or include; default: those of the attributes. */
  readonly givenVars?: Dict;
  readonly files: RoleFiles;
  readonly origin: Role["origin"];
  readonly allowDuplicates?: boolean | undefined;
  readonly isPublic?: boolean | undefined;
  readonly validate?: boolean;
  readonly position: SourcePosition | undefined;
  readonly importing: readonly string[];
}

/**
 * Reads a role and all that it depends on.
 * @throws ParseError when it is not found (naming the places searched) or depends on itself
 */
export function loadRole(context: ParseContext, options: LoadRoleOptions): Role {
  const found = findRole(context, options.name, options.parent, options.position);
  refuseCircle(options, found.path);
  context.usePlugins(found.path);
  const metadata = readMetadata(context, found.path);
  const role = new Role({
    parent: options.parent,
    attributes: withCollections(options.attributes, found.collection, metadata),
    position: options.position,
    name: found.name,
    path: found.path,
    collection: found.collection,
    files: options.files,
    params: options.params,
    defaults: readVariables(context, found.path, "defaults", options),
    vars: readVariables(context, found.path, "vars", options),
    givenVars: options.givenVars ?? varsIn(options.attributes),
    metadata,
    argumentSpecs: readArgumentSpecs(context, found.path, metadata),
    origin: options.origin,
    isPublic:
      options.isPublic ??
      (context.privateRoleVars === undefined
        ? options.origin !== "include"
        : !context.privateRoleVars),
    allowDuplicates:
      options.allowDuplicates ??
      (options.origin === "import" ||
        options.origin === "include" ||
        isTrue(metadata.get("allow_duplicates") ?? false)),
  });
  role.dependencies = readDependencies(context, role, options.importing);
  role.isRead = true;
  role.handlers = readSection(context, role, "handlers", options);
  role.tasks = readSection(context, role, "tasks", options);
  const check = options.validate === false ? undefined : argumentCheck(role);
  if (check) role.tasks.unshift(check);
  return role;
}

function varsIn(attributes: Attributes): Dict {
  const vars = attributes.get("vars");
  return vars instanceof Dict ? vars : new Dict();
}

function withCollections(
  attributes: Attributes,
  collection: string | undefined,
  metadata: Dict,
): Attributes {
  const listed = metadata.get("collections");
  const own = Array.isArray(listed) ? listed : [];
  if (collection === undefined && own.length === 0) return attributes;
  const collections = collection === undefined ? own : [collection, ...own];
  return new Map([...attributes, ["collections", collections]]);
}

function refuseCircle(options: LoadRoleOptions, path: string): void {
  const chain: string[] = [];
  for (let node: Node | undefined = options.parent; node; node = node.parent) {
    if (!(node instanceof Role)) continue;
    chain.push(node.name);
    // An include inside of a role may use the role's other files, or end by a condition.
    if (node.path === path && options.origin === "dependency") {
      throw new ParseError(
        `A recursion loop was detected with the roles specified. Make sure child roles do not have dependencies on parent roles: ${chain.reverse().join(" -> ")} -> ${options.name}`,
        { position: options.position },
      );
    }
  }
  if (chain.length > 100) {
    throw new ParseError(`Role '${options.name}' imports itself without end`, {
      position: options.position,
    });
  }
}

/**
 * Where a role is: in a collection, in `roles` beside the playbook, beside the role that asks, on the
 * roles path, or a path of its own.
 */
export function findRole(
  context: ParseContext,
  name: string,
  from: Node,
  position: SourcePosition | undefined,
): { name: string; path: string; collection: string | undefined } {
  const { directory } = from.play;
  const inCollection = (collection: string, role: string) => {
    const [namespace = "", short = ""] = collection.split(".");
    return [...collectionRoots(directory), ...context.collectionsPath]
      .map((root) => join(root, "ansible_collections", namespace, short, "roles", role))
      .find(isDirectory);
  };
  const qualified = /^([a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*)\.([A-Za-z0-9_.-]+)$/i.exec(name);
  if (qualified?.[1] && qualified[2]) {
    const path = inCollection(qualified[1], qualified[2]);
    if (path) return { name, path, collection: qualified[1] };
  }
  const collections = from.effective("collections");
  for (const collection of Array.isArray(collections) ? collections : []) {
    const path = /[/\\]/.test(name) ? undefined : inCollection(str(collection), name);
    if (path) {
      return { name: `${str(collection)}.${name}`, path, collection: str(collection) };
    }
  }
  const beside = from.role ? [dirname(from.role.path)] : [];
  const roots = [join(directory, "roles"), ...context.rolesPath, ...beside, directory];
  const candidates = isAbsolute(name) ? [name] : roots.map((root) => resolve(root, name));
  const path = candidates.find(isDirectory);
  if (path) return { name: isAbsolute(name) ? basename(path) : name, path, collection: undefined };
  const siblings = roots.filter(isDirectory).flatMap((root) => readdirSync(root));
  const close = nearest(name, siblings);
  throw new ParseError(`the role '${name}' was not found in ${[...new Set(roots)].join(":")}`, {
    position,
    exitCode: 1,
    hint: close ? `Did you mean '${close}'?` : "Put it there, or name its folder in roles_path.",
  });
}

/** Beside the playbook; and where the playbook's own collection is. */
function collectionRoots(directory: string): string[] {
  const own = /^(.*)\/ansible_collections\/[^/]+\/[^/]+(?:\/|$)/.exec(directory)?.[1];
  return [join(directory, "collections"), ...(own === undefined ? [] : [own])];
}

function readMetadata(context: ParseContext, path: string): Dict {
  const file = EXTENSIONS.map((e) => join(path, "meta", `main${e}`)).find(isFile);
  const value = file ? context.loader.load(file) : null;
  if (value === null) return new Dict();
  if (!(value instanceof Dict)) {
    throw new ParseError("the 'meta/main.yml' of a role must be a dictionary", {
      position: positionOf(value) ?? { file: file ?? path, line: 1, column: 1 },
    });
  }
  return value;
}

function readArgumentSpecs(context: ParseContext, path: string, metadata: Dict): Dict | undefined {
  const file = [".yml", ".yaml", ".json"]
    .map((e) => join(path, "meta", `argument_specs${e}`))
    .find(isFile);
  const value = file ? context.loader.load(file) : metadata;
  const specs = value instanceof Dict ? value.get("argument_specs") : undefined;
  return specs instanceof Dict ? specs : undefined;
}

/** Files of one name: the file in any extension, or all files of a folder of that name. */
function filesNamed(directory: string, name: string): string[] {
  if (extname(name) !== "" && isFile(join(directory, name))) return [join(directory, name)];
  for (const extension of EXTENSIONS) {
    const path = join(directory, `${name}${extension}`);
    if (isFile(path)) return [path];
    if (extension === "" && isDirectory(path)) return filesWithin(path);
  }
  return [];
}

function filesWithin(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith(".") && !entry.name.endsWith("~"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return filesWithin(path);
      return ["", ".yml", ".yaml", ".json"].includes(extname(path)) ? [path] : [];
    });
}

function readVariables(
  context: ParseContext,
  path: string,
  section: "vars" | "defaults",
  options: LoadRoleOptions,
): Dict {
  const name = options.files[section];
  const files = filesNamed(join(path, section), name);
  if (files.length === 0 && name !== MAIN_FILES[section]) {
    throw missingFile(options, path, section, name);
  }
  const merged = new Dict();
  for (const file of files) {
    const value = context.loader.load(file);
    if (value === null) continue;
    if (!(value instanceof Dict)) {
      throw new ParseError(`The ${section} of a role must be a dictionary of variables`, {
        position: positionOf(value) ?? { file, line: 1, column: 1 },
      });
    }
    for (const [key, item] of value) merged.set(key, item);
  }
  return merged;
}

function missingFile(options: LoadRoleOptions, path: string, section: string, name: string) {
  const directory = join(path, section);
  const close = isDirectory(directory)
    ? nearest(
        name,
        readdirSync(directory).map((file) => basename(file, extname(file))),
      )
    : undefined;
  return new ParseError(`Could not find specified file in role: ${section}/${name}`, {
    position: options.position,
    hint: close ? `Did you mean '${close}'?` : `Searched in: ${directory}.`,
  });
}

function readSection(
  context: ParseContext,
  role: Role,
  section: "tasks" | "handlers",
  options: LoadRoleOptions,
): Block[] {
  const name = role.files[section];
  const folder = join(role.path, section);
  if (!resolve(folder, name).startsWith(`${folder}/`)) {
    throw new ParseError(
      `Failed to find '${name}' as it is not inside the expected role path: '${folder}'`,
      { position: options.position, hint: "Name a file of the role." },
    );
  }
  const [file] = filesNamed(join(role.path, section), name);
  if (file === undefined) {
    if (name !== MAIN_FILES[section]) throw missingFile(options, role.path, section, name);
    return [];
  }
  const block = new Block(role, new Map(), { file, line: 1, column: 1 }, true);
  block.block = loadTaskFile(context, file, block, {
    file,
    handlers: section === "handlers",
    importing: options.importing,
  });
  return [block];
}

function readDependencies(context: ParseContext, role: Role, importing: readonly string[]): Role[] {
  const listed = role.metadata.get("dependencies") ?? null;
  if (listed === null) return [];
  if (!Array.isArray(listed)) {
    throw wrongShape("'dependencies' of a role", "a list of roles", role.metadata, "dependencies");
  }
  return listed.map((entry, index) =>
    loadRole(context, {
      ...readRoleEntry(context, entry, role, listed, index),
      parent: role,
      origin: "dependency",
      importing,
    }),
  );
}

/** One entry of `roles:` or of `dependencies:`: a name, or a dictionary with keywords and parameters. */
export function readRoleEntry(
  context: ParseContext,
  entry: Value,
  from: Node,
  list: readonly Value[],
  index: number,
): Omit<LoadRoleOptions, "parent" | "origin" | "importing"> {
  const position = positionOf(entry) ?? positionOf(list, index);
  const plain = textOf(entry);
  if (plain !== undefined) {
    const name = str(context.template(plain, from));
    return { name, attributes: new Map(), params: new Dict(), files: MAIN_FILES, position };
  }
  if (!(entry instanceof Dict)) {
    throw new ParseError("A role is a name or a dictionary with the key 'role'", { position });
  }
  const given = entry.get("role") ?? entry.get("name") ?? entry.get("src");
  if (given === undefined || textOf(given) === undefined) {
    throw new ParseError("role definitions must contain a role name", { position });
  }
  const isParameter = (key: string) =>
    key === "role" || key === "name" || keywordAt("role", key) === undefined;
  const attributes = readAttributes(entry, "role", isParameter);
  const params = new Dict();
  const files: { -readonly [section in keyof RoleFiles]: string } = { ...MAIN_FILES };
  for (const [rawKey, value] of entry) {
    const key = str(rawKey);
    if (key === "role" || key === "name" || !isParameter(key)) continue;
    if (GALAXY_KEYS.has(key) && !entry.has("role")) continue;
    const section = sections.find((name) => FILE_OPTIONS[name] === key);
    if (section) files[section] = str(value);
    else params.set(key, value);
  }
  const name = str(context.template(given, from));
  return { name, attributes, params, files, position };
}

const sections = Object.keys(FILE_OPTIONS) as (keyof RoleFiles)[];
const GALAXY_KEYS = new Set(["src", "scm", "version"]);

/** The task that checks a role's arguments before its first own task. */
function argumentCheck(role: Role): Block | undefined {
  const entry = role.files.tasks.replace(/\.(yml|yaml|json)$/, "");
  const spec = role.argumentSpecs?.get(entry);
  if (!(spec instanceof Dict)) return undefined;
  const description = textOf(spec.get("short_description"));
  const title = `Validating arguments against arg spec '${entry}'`;
  const block = new Block(role, new Map(), role.position, true);
  block.block = [
    new Task({
      parent: block,
      attributes: new Map<string, Value>([
        ["name", description ? `${title} - ${description}` : title],
        ["tags", ["always"]],
      ]),
      position: positionOf(spec) ?? role.position,
      action: "ansible.builtin.validate_argument_spec",
      args: new Dict([
        ["argument_spec", spec.get("options") ?? new Dict()],
        ["provided_arguments", role.params],
        [
          "validate_args_context",
          new Dict([
            ["type", "role"],
            ["name", role.collection ? role.name.slice(role.name.lastIndexOf(".") + 1) : role.name],
            ["argument_spec_name", entry],
            ["path", role.path],
          ]),
        ],
      ]),
      argsTemplate: undefined,
      loop: undefined,
      isHandler: false,
      file: join(role.path, "meta", "argument_specs.yml"),
    }),
  ];
  return block;
}
