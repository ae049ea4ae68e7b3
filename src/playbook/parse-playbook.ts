/** Playbook files: plays, and the playbooks that they import. */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { ParseError, type SourcePosition, UnsupportedError } from "../errors/index.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { positionOf, positionOfKey } from "../values/positions.ts";
import { str } from "../values/python.ts";
import { builtinName } from "./actions.ts";
import { readAttributes } from "./attributes.ts";
import type { ParseContext, TaskPlace } from "./context.ts";
import { positionOfElement, unknownKeyword, wrongShape } from "./errors.ts";
import { isDirectory, isFile } from "./loader.ts";
import { type Attributes, Block, type Node, Play } from "./node.ts";
import { loadRole, readRoleEntry } from "./parse-role.ts";
import { parseTasks } from "./parse-tasks.ts";

/** What an `import_playbook` passes on to the plays within. */
interface Imported {
  readonly vars: Dict;
  readonly tags: readonly Value[];
  readonly when: readonly Value[];
}

const NOTHING: Imported = { vars: new Dict(), tags: [], when: [] };

/**
 * @param path a file, or `namespace.collection.playbook`
 * @throws ParseError with the place of the first thing that is wrong
 */
export function parsePlaybook(context: ParseContext, path: string): Play[] {
  return parseFile(context, path, NOTHING, [], undefined);
}

/**
 * Plays that stand in no file.
 * @param file the path that they have as if they stood in one
 */
export function parsePlays(context: ParseContext, value: Value, file: string): Play[] {
  return parseEntries(context, value, file, NOTHING, []);
}

function parseFile(
  context: ParseContext,
  path: string,
  imported: Imported,
  importing: readonly string[],
  position: SourcePosition | undefined,
): Play[] {
  if (importing.includes(path)) {
    throw new ParseError(`'${path}' imports itself: ${[...importing, path].join(" -> ")}`, {
      position,
    });
  }
  if (!isFile(path)) {
    throw new ParseError(`the playbook: ${path} could not be found`, { position, exitCode: 1 });
  }
  context.usePlugins(dirname(resolve(path)));
  const value = context.loader.load(path, position);
  if (value === null) {
    throw new ParseError(`Empty playbook, nothing to do: ${path}`, { position });
  }
  return parseEntries(context, value, path, imported, importing);
}

function parseEntries(
  context: ParseContext,
  value: Value,
  path: string,
  imported: Imported,
  importing: readonly string[],
): Play[] {
  if (!Array.isArray(value)) {
    throw new ParseError("A playbook must be a list of plays", {
      position: positionOf(value) ?? { file: path, line: 1, column: 1 },
      hint: "It begins with '- hosts: ...'.",
    });
  }
  return value.flatMap((entry, index) => {
    if (!(entry instanceof Dict)) {
      throw new ParseError("playbook entries must be either valid plays or 'import_playbook'", {
        position: positionOfElement(value, index) ?? { file: path, line: 1, column: 1 },
      });
    }
    const key = [...entry.keys()]
      .map((name) => str(name))
      .find((name) => ["import_playbook", "include"].includes(builtinName(name) ?? ""));
    return key === undefined
      ? [parsePlay(context, entry, path, imported)]
      : importPlaybook(context, entry, key, path, imported, [...importing, path]);
  });
}

const IMPORT_KEYWORDS = new Set(["name", "vars", "tags", "when"]);

function importPlaybook(
  context: ParseContext,
  entry: Dict,
  key: string,
  file: string,
  outer: Imported,
  importing: readonly string[],
): Play[] {
  for (const name of entry.keys()) {
    const word = str(name);
    if (word !== key && !IMPORT_KEYWORDS.has(word)) {
      throw new ParseError(`'${word}' is not a valid attribute for a PlaybookInclude`, {
        position: positionOfKey(entry, word),
      });
    }
  }
  const attributes = readAttributes(entry, "task", (name) => name === key);
  const vars = attributes.get("vars");
  const imported: Imported = {
    vars: new Dict([...outer.vars, ...(vars instanceof Dict ? vars : [])]),
    tags: [...outer.tags, ...asList(attributes.get("tags"))],
    when: [...outer.when, ...asList(attributes.get("when"))],
  };
  const given = entry.get(key);
  const raw = given instanceof Dict ? given.get("file") : given;
  if (raw === undefined || textOf(raw) === undefined) {
    throw wrongShape(`'${key}'`, "the path of a playbook", entry, key);
  }
  const name = str(context.template(raw, undefined, imported.vars)).trim();
  const position = positionOf(entry, key);
  const path = findPlaybook(context, name, dirname(file));
  return parseFile(context, path, imported, importing, position);
}

/** A path, relative to a folder, or a playbook of a collection. */
export function findPlaybook(
  context: Pick<ParseContext, "collectionsPath">,
  name: string,
  directory: string,
): string {
  const path = isAbsolute(name) ? name : resolve(directory, name);
  if (isFile(path)) return path;
  const match = /^([a-z_]\w*)\.([a-z_]\w*)\.([\w.]+)$/i.exec(name);
  if (!match) return path;
  const [, namespace = "", collection = "", playbook = ""] = match;
  for (const root of [join(directory, "collections"), ...context.collectionsPath]) {
    const folder = join(root, "ansible_collections", namespace, collection, "playbooks");
    if (!isDirectory(folder)) continue;
    for (const extension of ["", ".yml", ".yaml"]) {
      const candidate = join(folder, `${playbook.replaceAll(".", "/")}${extension}`);
      if (isFile(candidate)) return candidate;
    }
  }
  return path;
}

function asList(value: Value | undefined): Value[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function parsePlay(context: ParseContext, entry: Dict, file: string, imported: Imported): Play {
  const deprecated = ["accelerate", "accelerate_ipv6", "accelerate_port"].find((k) => entry.has(k));
  if (deprecated !== undefined) {
    throw new UnsupportedError(`'${deprecated}' was removed from Ansible`, {
      position: positionOfKey(entry, deprecated),
    });
  }
  checkPlayKeys(entry);
  const attributes = withImported(
    readAttributes(entry, "play", () => false),
    imported,
  );
  if (!entry.has("hosts")) {
    throw new ParseError("the field 'hosts' is required but was not set", {
      position: positionOf(entry),
      hint: "Name the hosts or groups of the play: hosts: all",
    });
  }
  checkHosts(entry);
  const play = new Play(
    attributes,
    positionOf(entry),
    file,
    dirname(resolve(file)),
    asList(entry.get("vars_files")),
  );
  const place: TaskPlace = { file, handlers: false, importing: [] };
  readRoles(context, entry, play, place);
  const own = section(context, entry, "handlers", play, { ...place, handlers: true });
  play.handlers.push(...play.roles.flatMap((role) => [...role.allHandlers()]), ...own);
  play.preTasks = section(context, entry, "pre_tasks", play, place);
  play.tasks = section(context, entry, "tasks", play, place);
  play.postTasks = section(context, entry, "post_tasks", play, place);
  return play;
}

function checkPlayKeys(entry: Dict): void {
  for (const key of entry.keys()) {
    const name = str(key);
    if (name.startsWith("with_") || name === "loop" || name === "when") {
      throw unknownKeyword("play", name, entry);
    }
  }
}

function checkHosts(entry: Dict): void {
  const hosts = entry.get("hosts");
  const items = Array.isArray(hosts) ? hosts : [hosts ?? null];
  if (items.length === 0 || items.some((item) => item === null || item === "")) {
    throw new ParseError("Hosts list cannot be empty. Please check your playbook", {
      position: positionOf(entry, "hosts"),
    });
  }
  if (items.some((item) => textOf(item) === undefined)) {
    throw new ParseError("Hosts list must be a sequence or string. Please check your playbook.", {
      position: positionOf(entry, "hosts"),
    });
  }
}

function withImported(attributes: Map<string, Value>, imported: Imported): Attributes {
  const own = attributes.get("vars");
  if (imported.vars.size > 0) {
    attributes.set("vars", new Dict([...(own instanceof Dict ? own : []), ...imported.vars]));
  }
  if (imported.tags.length > 0) {
    attributes.set("tags", [...imported.tags, ...asList(attributes.get("tags"))]);
  }
  if (imported.when.length > 0) attributes.set("when", [...imported.when]);
  return attributes;
}

function section(
  context: ParseContext,
  entry: Dict,
  key: string,
  play: Play,
  place: TaskPlace,
): Block[] {
  const list = entry.get(key) ?? null;
  if (list === null) return [];
  const block = new Block(play, new Map(), positionOf(entry, key), true);
  block.block = parseTasks(context, list, block, place);
  return [block];
}

function readRoles(context: ParseContext, entry: Dict, play: Play, place: TaskPlace): void {
  const roles = entry.get("roles") ?? null;
  if (roles === null) return;
  if (!Array.isArray(roles)) throw wrongShape("'roles'", "a list of roles", entry, "roles");
  play.roles = roles.map((item, index) =>
    loadRole(context, {
      ...readRoleEntry(context, item, play as Node, roles, index),
      parent: play,
      origin: "roles",
      importing: [place.file],
    }),
  );
}
