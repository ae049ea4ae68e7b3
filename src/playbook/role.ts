/** A role as a play, a task or another role uses it. */
import type { SourcePosition } from "../errors/index.ts";
import { Dict, type Value } from "../values/model.ts";
import { type Attributes, type Block, Node } from "./node.ts";

/** Which files of the role a use takes; `main` by default. */
export interface RoleFiles {
  readonly tasks: string;
  readonly vars: string;
  readonly defaults: string;
  readonly handlers: string;
}

export const MAIN_FILES: RoleFiles = {
  tasks: "main",
  vars: "main",
  defaults: "main",
  handlers: "main",
};

export interface RoleOptions {
  readonly parent: Node;
  readonly attributes: Attributes;
  readonly position: SourcePosition | undefined;
  readonly name: string;
  readonly path: string;
  /** `namespace.collection` that the role came from. */
  readonly collection: string | undefined;
  readonly files: RoleFiles;
  /** Entries that are no keywords, and `vars`: the role's parameters. */
  readonly params: Dict;
  readonly defaults: Dict;
  readonly vars: Dict;
  /** `vars` where the role is named: the play sees them as it sees the role's own, which win. */
  readonly givenVars: Dict;
  readonly metadata: Dict;
  readonly argumentSpecs: Dict | undefined;
  /** How it came in. */
  readonly origin: "roles" | "dependency" | "import" | "include";
  /** Its variables reach the whole play. */
  readonly isPublic: boolean;
  readonly allowDuplicates: boolean;
}

export class Role extends Node {
  readonly kind = "role";
  readonly path: string;
  readonly collection: string | undefined;
  readonly files: RoleFiles;
  readonly params: Dict;
  readonly defaults: Dict;
  readonly roleVars: Dict;
  readonly givenVars: Dict;
  readonly metadata: Dict;
  readonly argumentSpecs: Dict | undefined;
  readonly origin: RoleOptions["origin"];
  readonly isPublic: boolean;
  readonly allowDuplicates: boolean;
  readonly #name: string;
  dependencies: Role[] = [];
  /** Its dependencies are there. */
  isRead = false;
  /** Its own tasks, without those of its dependencies. */
  tasks: Block[] = [];
  handlers: Block[] = [];

  constructor(options: RoleOptions) {
    super(options.parent, options.attributes, options.position);
    this.#name = options.name;
    this.path = options.path;
    this.collection = options.collection;
    this.files = options.files;
    this.params = options.params;
    this.defaults = options.defaults;
    this.roleVars = options.vars;
    this.givenVars = options.givenVars;
    this.metadata = options.metadata;
    this.argumentSpecs = options.argumentSpecs;
    this.origin = options.origin;
    this.isPublic = options.isPublic;
    this.allowDuplicates = options.allowDuplicates;
  }

  override get role(): Role {
    return this;
  }

  override get name(): string {
    return this.#name;
  }

  /** The role that this one is a dependency of, or in whose tasks it was included. */
  get parentRole(): Role | undefined {
    return this.parent?.role;
  }

  /** Uses of a role with equal identity count as the same for `allow_duplicates`. */
  get identity(): string {
    return JSON.stringify([
      this.name,
      this.path,
      this.files,
      describe(this.params),
      describe(this.givenVars),
      describe(this.own("when")),
      describe(this.own("tags")),
    ]);
  }

  /** This role's blocks with those of its dependencies before them. */
  *allTasks(): IterableIterator<Block> {
    for (const dependency of this.dependencies) yield* dependency.allTasks();
    yield* this.tasks;
  }

  *allHandlers(): IterableIterator<Block> {
    for (const dependency of this.dependencies) yield* dependency.allHandlers();
    yield* this.handlers;
  }

  *withDependencies(): IterableIterator<Role> {
    for (const dependency of this.dependencies) yield* dependency.withDependencies();
    yield this;
  }
}

function describe(value: Value | undefined): unknown {
  if (value instanceof Dict) {
    return Array.from(value, ([key, item]) => [describe(key), describe(item)]);
  }
  if (Array.isArray(value)) return value.map(describe);
  if (typeof value === "bigint") return String(value);
  return value ?? null;
}
