/**
 * The tree of a playbook: plays hold roles and blocks, blocks hold blocks and tasks. Keywords are kept
 * as written; a task asks the tree for the value that reaches it, and templates it when it runs.
 */
import type { SourcePosition } from "../errors/index.ts";
import { Dict, type Value } from "../values/model.ts";
import { KEYWORDS } from "./keywords.ts";
import type { Role } from "./role.ts";

export type Attributes = ReadonlyMap<string, Value>;

/** Anything that can carry keywords. */
export abstract class Node {
  abstract readonly kind: "play" | "role" | "block" | "task";
  readonly parent: Node | undefined;
  readonly attributes: Attributes;
  readonly position: SourcePosition | undefined;
  readonly #inherited = new Map<string, Value | undefined>();

  constructor(
    parent: Node | undefined,
    attributes: Attributes,
    position: SourcePosition | undefined,
  ) {
    this.parent = parent;
    this.attributes = attributes;
    this.position = position;
  }

  /** Whether this node's keywords, other than `vars`, reach what is within. */
  get passesKeywords(): boolean {
    return true;
  }

  /** A keyword as written here, if it is. */
  own(keyword: string): Value | undefined {
    return this.attributes.get(keyword);
  }

  /** The value of a keyword that reaches this node, untemplated; lists for those that add up. */
  effective(keyword: string): Value | undefined {
    if (this.#inherited.has(keyword)) return this.#inherited.get(keyword);
    const value = this.#find(keyword);
    this.#inherited.set(keyword, value);
    return value;
  }

  #find(keyword: string): Value | undefined {
    const inheritance = KEYWORDS[keyword]?.inheritance ?? "none";
    const own = this.own(keyword);
    if (inheritance === "none") return own;
    const outer = this.#keywordParent()?.effective(keyword);
    if (inheritance === "nearest") return own ?? outer;
    const parts = [outer, own].flatMap((part) =>
      part === undefined ? [] : Array.isArray(part) ? part : [part],
    );
    return parts.length > 0 ? parts : undefined;
  }

  /** What surrounds the node whose value of the keyword reaches this one. */
  outside(keyword: string): Node | undefined {
    if (this.own(keyword) !== undefined) return this.#keywordParent();
    return this.#keywordParent()?.outside(keyword);
  }

  #keywordParent(): Node | undefined {
    let node = this.parent;
    while (node && !node.passesKeywords) node = node.parent;
    return node;
  }

  /** The role that this is part of. */
  get role(): Role | undefined {
    return this.parent?.role;
  }

  get play(): Play {
    let node: Node = this;
    while (node.parent) node = node.parent;
    return node as Play;
  }

  /** `vars` written here; empty when there are none. */
  get vars(): Dict {
    const vars = this.attributes.get("vars");
    return vars instanceof Dict ? vars : EMPTY;
  }

  get name(): string | undefined {
    const name = this.attributes.get("name");
    return typeof name === "string" ? name : undefined;
  }
}

const EMPTY = new Dict();

/** One play of a playbook. */
export class Play extends Node {
  readonly kind = "play";
  preTasks: Block[] = [];
  roles: Role[] = [];
  tasks: Block[] = [];
  postTasks: Block[] = [];
  /** In the order of definition: the play's own come after those of its roles. */
  handlers: Block[] = [];
  /** Roles of `import_role`: their variables are the play's as those of `roles` are. */
  importedRoles: Role[] = [];
  /** Folder of the playbook file. */
  readonly directory: string;
  readonly file: string;
  /** Names of `vars_files`, as written: a list stands for the first that is there. */
  readonly varsFiles: readonly Value[];

  constructor(
    attributes: Attributes,
    position: SourcePosition | undefined,
    file: string,
    directory: string,
    varsFiles: readonly Value[],
  ) {
    super(undefined, attributes, position);
    this.file = file;
    this.directory = directory;
    this.varsFiles = varsFiles;
  }
}

export type Part = Block | Task;

/** Tasks that share keywords, with what happens when one fails. */
export class Block extends Node {
  readonly kind = "block";
  block: Part[] = [];
  rescue: Part[] = [];
  always: Part[] = [];
  /** Loop variables of the include that brought the block in. */
  includeParams: Dict | undefined;
  /** Written by the parser around a list of tasks, not by the user. */
  readonly implicit: boolean;

  constructor(
    parent: Node,
    attributes: Attributes,
    position: SourcePosition | undefined,
    implicit: boolean,
  ) {
    super(parent, attributes, position);
    this.implicit = implicit;
  }
}

export interface TaskOptions {
  readonly parent: Node;
  readonly attributes: Attributes;
  readonly position: SourcePosition | undefined;
  /** The module's name as written. */
  readonly action: string;
  readonly args: Dict;
  /** Whole arguments given as one template: `args: "{{ options }}"`. */
  readonly argsTemplate: Value | undefined;
  readonly loop: LoopSource | undefined;
  readonly isHandler: boolean;
  /** File that it stands in. */
  readonly file: string;
}

/** What a task repeats for. */
export interface LoopSource {
  /** `loop`, or the lookup of a `with_*`. */
  readonly lookup: string | undefined;
  readonly value: Value;
}

let taskCount = 0;

/** One task or handler. */
export class Task extends Node {
  readonly kind = "task";
  readonly action: string;
  readonly args: Dict;
  readonly argsTemplate: Value | undefined;
  readonly loop: LoopSource | undefined;
  readonly isHandler: boolean;
  readonly file: string;
  /** The same for all hosts in one run. */
  readonly id: string;
  /** A dynamic include: only its `vars` reach the tasks that it brings. */
  isInclude = false;

  constructor(options: TaskOptions) {
    super(options.parent, options.attributes, options.position);
    this.action = options.action;
    this.args = options.args;
    this.argsTemplate = options.argsTemplate;
    this.loop = options.loop;
    this.isHandler = options.isHandler;
    this.file = options.file;
    taskCount += 1;
    this.id = `t${taskCount}`;
  }

  override get passesKeywords(): boolean {
    return !this.isInclude;
  }

  /** The name as written, untemplated; else the action. With the role before it when asked. */
  title(withRole: boolean): string {
    const name = this.name ?? this.action;
    const role = withRole ? this.role?.name : undefined;
    return role === undefined ? name : `${role} : ${name}`;
  }
}

/** All tasks within, in the order in which they stand. */
export function* tasksOf(parts: Iterable<Part>): IterableIterator<Task> {
  for (const part of parts) {
    if (part instanceof Task) yield part;
    else {
      yield* tasksOf(part.block);
      yield* tasksOf(part.rescue);
      yield* tasksOf(part.always);
    }
  }
}
