/** Names to slots, decided when a template is compiled. */
import type { Statement, Target } from "./syntax.ts";

/** Where a name may be found: how many frames up, and which slot there. */
export interface Place {
  readonly depth: number;
  readonly index: number;
}

export class Scope {
  readonly parent: Scope | undefined;
  readonly #names = new Map<string, number>();
  constructor(parent: Scope | undefined, names: Iterable<string>) {
    this.parent = parent;
    for (const name of names) this.declare(name);
  }
  /** The slot of a name of this very scope. */
  declare(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const index = this.#names.size;
    this.#names.set(name, index);
    return index;
  }
  has(name: string): boolean {
    return this.#names.has(name);
  }
  get size(): number {
    return this.#names.size;
  }
  /** Every place that may hold the name, innermost first. */
  places(name: string): Place[] {
    const places: Place[] = [];
    let depth = 0;
    for (let scope: Scope | undefined = this; scope; scope = scope.parent, depth++) {
      const index = scope.#names.get(name);
      if (index !== undefined) places.push({ depth, index });
    }
    return places;
  }
  /** All names that can be seen from here. */
  visible(): Set<string> {
    const names = new Set<string>();
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      for (const name of scope.#names.keys()) names.add(name);
    }
    return names;
  }
}

export function targetNames(target: Target, into: Set<string>): void {
  if (target.type === "name") into.add(target.name);
  else if (target.type === "tuple") for (const item of target.items) targetNames(item, into);
}

/** The names that statements set in their own scope: `if` opens none, everything else does. */
export function assignedNames(body: readonly Statement[], into = new Set<string>()): Set<string> {
  for (const statement of body) {
    switch (statement.type) {
      case "set":
      case "setBlock":
        targetNames(statement.target, into);
        break;
      case "macro":
      case "import":
        into.add(statement.name);
        break;
      case "from":
        for (const { as } of statement.names) into.add(as);
        break;
      case "if":
        for (const branch of statement.branches) assignedNames(branch.body, into);
        assignedNames(statement.otherwise, into);
        break;
      case "autoescape":
        assignedNames(statement.body, into);
        break;
    }
  }
  return into;
}

/** Does the tree mention a name (or anything that hands all names on)? */
export function mentions(node: unknown, name: string): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) return node.some((item) => mentions(item, name));
  const record = node as Record<string, unknown>;
  if (record.type === "name" && record.name === name) return true;
  if (record.type === "include" || record.type === "import" || record.type === "from") return true;
  if (record.type === "block") return true;
  return Object.values(record).some((value) => mentions(value, name));
}
