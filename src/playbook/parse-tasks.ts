/** Lists of tasks: blocks, tasks, handlers, and the imports among them. */
import { dirname, join } from "node:path";
import { ParseError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { positionOf, positionOfKey } from "../values/positions.ts";
import { str } from "../values/python.ts";
import { includeKind, isMeta } from "./actions.ts";
import { isVariableName, readAttributes, withAttributes } from "./attributes.ts";
import type { ParseContext, TaskPlace } from "./context.ts";
import { hasTemplate, positionOfElement } from "./errors.ts";
import { keywordAt } from "./keywords.ts";
import { findFile } from "./loader.ts";
import { Block, type LoopSource, type Node, type Part, Task } from "./node.ts";
import { isWithLoop, parseAction } from "./parse-action.ts";
import { loadRole, readRoleArguments } from "./parse-role.ts";

const SECTIONS = ["block", "rescue", "always"] as const;

/** What a file of tasks holds; an empty file is an empty list. */
export function loadTaskFile(
  context: ParseContext,
  file: string,
  parent: Node,
  place: TaskPlace,
): Part[] {
  const value = context.loader.load(file, parent.position);
  return parseTasks(context, value, parent, { ...place, file });
}

/**
 * @param list the YAML value of `tasks`, `block`, or a whole file
 * @throws ParseError
 */
export function parseTasks(
  context: ParseContext,
  list: Value,
  parent: Node,
  place: TaskPlace,
): Part[] {
  if (list === null) return [];
  if (!Array.isArray(list)) {
    throw new ParseError("A list of tasks is expected here", {
      position: positionOf(list) ?? { file: place.file, line: 1, column: 1 },
      hint: "Each task begins with '- '.",
    });
  }
  return list.flatMap((entry, index) => {
    if (entry === null) return [];
    if (!(entry instanceof Dict)) {
      throw new ParseError(`A task must be a dictionary, not ${describe(entry)}`, {
        position: positionOfElement(list, index),
        hint: "Write it as '- name: ...' with the module below, or '- module: arguments'.",
      });
    }
    if (!SECTIONS.some((section) => entry.has(section))) {
      return parseTask(context, entry, parent, place);
    }
    if (place.handlers && parent instanceof Block && !parent.implicit) {
      throw new ParseError("Using a block as a handler is not supported.", {
        position: positionOf(entry),
        hint: "Handlers can stand in a block, but not in a block within a block.",
      });
    }
    return [parseBlock(context, entry, parent, place)];
  });
}

function describe(value: Value): string {
  const text = textOf(value);
  return text === undefined ? "a list or number" : `the text '${text.slice(0, 40)}'`;
}

function parseBlock(context: ParseContext, entry: Dict, parent: Node, place: TaskPlace): Block {
  const attributes = readAttributes(entry, "block", () => false);
  if (!entry.has("block")) {
    const section = entry.has("rescue") ? "rescue" : "always";
    throw new ParseError(`'${section}' keyword cannot be used without 'block'`, {
      position: positionOfKey(entry, section),
    });
  }
  const block = new Block(parent, attributes, positionOf(entry), false);
  for (const section of SECTIONS) {
    block[section] = parseTasks(context, entry.get(section) ?? null, block, place);
  }
  return block;
}

function parseTask(context: ParseContext, entry: Dict, parent: Node, place: TaskPlace): Part[] {
  const kind = place.handlers ? "handler" : "task";
  const collections = collectionsOf(parent, entry);
  const parsed = parseAction(context, entry, kind, collections);
  const written = readAttributes(
    entry,
    kind,
    (key) => keywordAt(kind, key) === undefined || key === "action" || key === "local_action",
  );
  const attributes = withAttributes(
    written,
    parsed.delegateTo === undefined ? [] : [["delegate_to", parsed.delegateTo]],
  );
  const kindOfInclude = includeKind(parsed.action);
  if (place.handlers && (kindOfInclude === "include_role" || kindOfInclude === "import_role")) {
    throw new ParseError(`Using '${parsed.action}' as a handler is not supported.`, {
      position: positionOf(entry),
      hint: "Write the role's tasks as handlers, or include a file of tasks.",
    });
  }
  if (
    place.handlers &&
    isMeta(parsed.action) &&
    str(parsed.args.get("_raw_params") ?? "") === "flush_handlers"
  ) {
    throw new ParseError("flush_handlers cannot be used as a handler", {
      position: positionOf(entry),
      hint: "Notify handlers from handlers instead; they run in the same pass.",
    });
  }
  checkRegister(entry);
  checkLoopControl(entry);
  const loop = readLoop(entry);
  const task = new Task({
    parent,
    attributes,
    position: positionOf(entry),
    action: parsed.action,
    args: parsed.args,
    argsTemplate: parsed.argsTemplate,
    loop,
    isHandler: place.handlers,
    file: place.file,
  });
  return expandImport(context, task, place);
}

function checkRegister(entry: Dict): void {
  const register = entry.get("register");
  if (register === undefined || register === null) return;
  const name = textOf(register);
  if (name === undefined || !(isVariableName(name) || hasTemplate(name))) {
    throw new ParseError(`Invalid variable name in 'register' specified: '${str(register)}'`, {
      position: positionOf(entry, "register"),
      hint: "A name begins with a letter or underscore; letters, digits and underscores follow.",
    });
  }
}

const LOOP_CONTROL: ReadonlySet<string> = new Set([
  "loop_var",
  "index_var",
  "label",
  "pause",
  "extended",
  "extended_allitems",
  "break_when",
]);

function checkLoopControl(entry: Dict): void {
  const control = entry.get("loop_control");
  if (!(control instanceof Dict)) return;
  for (const rawKey of control.keys()) {
    const key = str(rawKey);
    if (LOOP_CONTROL.has(key)) continue;
    const close = nearest(key, LOOP_CONTROL);
    throw new ParseError(`'${key}' is not a valid attribute for a LoopControl`, {
      position: positionOfKey(control, key),
      hint: close ? `Did you mean '${close}'?` : undefined,
    });
  }
}

function readLoop(entry: Dict): LoopSource | undefined {
  const found: LoopSource[] = [];
  for (const [rawKey, value] of entry) {
    const key = str(rawKey);
    if (key === "loop" && value !== null) found.push({ lookup: undefined, value });
    else if (isWithLoop(key)) {
      if (value === null) {
        throw new ParseError(`you must specify a value when using ${key}`, {
          position: positionOfKey(entry, key),
        });
      }
      found.push({ lookup: key.slice("with_".length), value });
    }
    if (found.length > 1) {
      throw new ParseError(`duplicate loop in task: ${key}`, {
        position: positionOfKey(entry, key),
      });
    }
  }
  return found[0];
}

function collectionsOf(parent: Node, entry: Dict): string[] {
  const own = entry.get("collections") ?? parent.effective("collections");
  const list = Array.isArray(own) ? own : own === undefined || own === null ? [] : [own];
  return list.map((item) => str(item));
}

/** Imports are replaced by what they bring; includes stay for the engine. */
function expandImport(context: ParseContext, task: Task, place: TaskPlace): Part[] {
  switch (includeKind(task.action)) {
    case undefined:
      return [task];
    case "import_tasks":
      return [importTasks(context, task, place)];
    case "include": {
      context.deprecate(
        "'include' for tasks is deprecated and has been removed from Ansible 2.16. Use 'include_tasks' or 'import_tasks'.",
        task.position,
      );
      const name = task.args.get("_raw_params") ?? null;
      if (!task.loop && !hasTemplate(name)) return [importTasks(context, task, place)];
      task.isInclude = true;
      return [task];
    }
    case "import_role":
      return [importRole(context, task, place)];
    default:
      task.isInclude = true;
      checkInclude(task);
      return [task];
  }
}

const TASK_FILE_OPTIONS = new Set(["_raw_params", "file", "apply"]);

/** @throws ParseError for options that include_tasks does not have */
function checkInclude(task: Task): void {
  if (includeKind(task.action) === "include_role") {
    readRoleArguments(task);
    return;
  }
  refuseOptions(task, TASK_FILE_OPTIONS);
  if (!task.args.has("_raw_params") && !task.args.has("file")) {
    throw new ParseError(`No file specified for ${task.action}`, { position: task.position });
  }
}

function refuseOptions(task: Task, known: ReadonlySet<string>): void {
  const unknown = [...task.args.keys()].map((key) => str(key)).filter((key) => !known.has(key));
  if (unknown.length > 0) {
    throw new ParseError(`Invalid options for ${task.action}: ${unknown.join(",")}`, {
      position: positionOf(task.args, unknown[0]) ?? task.position,
    });
  }
}

function refuseLoop(task: Task): void {
  if (!task.loop) return;
  const dynamic = task.action.replace("import_", "include_");
  throw new ParseError(`You cannot use loops on '${task.action}' statements.`, {
    position: task.position,
    hint: `You should use '${dynamic}' instead.`,
  });
}

/** Folders in which the name of a task file is looked for, nearest first. */
export function taskFileDirectories(task: Task): string[] {
  const directories: string[] = [];
  let node: Node | undefined = task;
  while (node) {
    if (node instanceof Task) directories.push(dirname(node.file));
    if (node.kind === "role" && node.role) directories.push(join(node.role.path, "tasks"));
    node = node.parent;
  }
  const { directory } = task.play;
  return [...new Set([...directories, directory, join(directory, "tasks")])];
}

function importTasks(context: ParseContext, task: Task, place: TaskPlace): Block {
  refuseLoop(task);
  refuseOptions(task, new Set(["_raw_params", "file"]));
  const given = task.args.get("_raw_params") ?? task.args.get("file");
  if (given === undefined) {
    throw new ParseError(`No file specified for ${task.action}`, { position: task.position });
  }
  const name = str(context.template(given, task));
  const file = findFile(name, taskFileDirectories(task), "the tasks file", task.position);
  if (place.importing.includes(file) || file === place.file) {
    throw new ParseError(`'${file}' imports itself: ${[...place.importing, file].join(" -> ")}`, {
      position: task.position,
    });
  }
  const block = new Block(task, new Map(), task.position, true);
  block.block = loadTaskFile(context, file, block, {
    ...place,
    importing: [...place.importing, place.file],
  });
  return block;
}

function importRole(context: ParseContext, task: Task, place: TaskPlace): Block {
  refuseLoop(task);
  const wanted = readRoleArguments(task);
  if (task.args.has("apply")) {
    throw new ParseError(`Invalid options for ${task.action}: apply`, {
      position: positionOf(task.args, "apply") ?? task.position,
      hint: "'apply' belongs to include_role.",
    });
  }
  const role = loadRole(context, {
    ...wanted,
    name: str(context.template(wanted.name, task)),
    parent: task,
    attributes: new Map(),
    params: new Dict(),
    givenVars: task.vars,
    origin: "import",
    position: task.position,
    importing: [...place.importing, place.file],
  });
  const block = new Block(task, new Map(), task.position, true);
  block.block = [...role.allTasks()];
  task.play.handlers.push(...role.allHandlers());
  task.play.importedRoles.push(role);
  return block;
}
