/** Handlers of a play: found by name, role and name, or topic. */
import { LayerbookError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { type Play, type Task, tasksOf } from "../playbook/node.ts";
import { textOf } from "../values/model.ts";
import { str } from "../values/python.ts";

export class Handlers {
  readonly #play: Play;
  /** Templates the name of a handler with what the play knows. */
  readonly #nameOf: (handler: Task) => string;
  #blocks = -1;
  #all: Task[] = [];
  #byName = new Map<string, Task>();
  #listening = new Map<string, Task[]>();

  constructor(play: Play, nameOf: (handler: Task) => string) {
    this.#play = play;
    this.#nameOf = nameOf;
  }

  /** All handlers in the order in which they are defined. */
  get all(): readonly Task[] {
    this.#refresh();
    return this.#all;
  }

  /**
   * The handlers that a notification means: the last one of that name, and all that listen.
   * @throws LayerbookError when there is none
   */
  find(name: string): readonly Task[] {
    this.#refresh();
    const named = this.#byName.get(name);
    const listening = this.#listening.get(name) ?? [];
    const found = named ? [named, ...listening.filter((task) => task !== named)] : listening;
    if (found.length > 0) return found;
    const close = nearest(name, [...this.#byName.keys(), ...this.#listening.keys()]);
    throw new LayerbookError(
      `The requested handler '${name}' was not found in either the main handlers list nor in the listening handlers list`,
      { hint: close ? `Did you mean '${close}'?` : undefined },
    );
  }

  #namesOf(task: Task): string[] {
    return task.name === undefined ? [] : qualified(this.#nameOf(task), task);
  }

  #refresh(): void {
    const { handlers } = this.#play;
    if (handlers.length === this.#blocks) return;
    this.#blocks = handlers.length;
    this.#all = [...tasksOf(handlers)];
    this.#byName = new Map();
    this.#listening = new Map();
    // Of several blocks the last one counts, within a block the first handler of a name.
    for (const block of handlers) {
      const names = new Map<string, Task>();
      for (const task of tasksOf([block])) {
        for (const name of this.#namesOf(task)) if (!names.has(name)) names.set(name, task);
      }
      for (const [name, task] of names) this.#byName.set(name, task);
    }
    // A role that came in twice listens once.
    for (const block of [...handlers].reverse()) {
      for (const task of tasksOf([block])) {
        for (const topic of topicsOf(task).flatMap((name) => qualified(name, task))) {
          const listening = this.#listening.get(topic) ?? [];
          const isThere = task.name !== undefined && listening.some((t) => t.name === task.name);
          if (!isThere) this.#listening.set(topic, [...listening, task]);
        }
      }
    }
  }
}

/** A name or topic, with and without the role and its collection before it. */
function qualified(name: string, { role }: Task): string[] {
  if (!role) return [name];
  const names = [name, `${role.name} : ${name}`];
  if (role.collection !== undefined) {
    const short = role.name.slice(role.name.lastIndexOf(".") + 1);
    names.push(`${role.collection}.${short} : ${name}`, `${short} : ${name}`);
  }
  return names;
}

/** `listen` is never templated. */
function topicsOf(task: Task): string[] {
  const listen = task.own("listen");
  if (listen === undefined || listen === null) return [];
  const list = Array.isArray(listen) ? listen : [listen];
  return list.map((item) => textOf(item) ?? str(item));
}
