/**
 * All modules of a run: Layerbook's own, and those on the controller's disk, found where Ansible
 * finds them: `library` beside the playbook and in roles, ANSIBLE_LIBRARY and `-M`, collections.
 * @see https://docs.ansible.com/ansible/latest/dev_guide/developing_locally.html
 */
import { join } from "node:path";
import { type SourcePosition, UnsupportedError } from "../../errors/index.ts";
import type { Module } from "../module.ts";
import { findAnsible } from "../python/find-ansible.ts";
import { PluginHost } from "../python/plugin-host.ts";
import type { HostStart } from "../python/protocol.ts";
import {
  findModule,
  type LoadedModule,
  loadModule,
  type ModuleEntry,
  unknownModule,
} from "../registry.ts";
import type { FoundModule } from "./found-module.ts";
import { LibraryServices } from "./library-services.ts";
import { codeOf } from "./module-code.ts";
import {
  collectionFolder,
  fileOfAction,
  fileOfModule,
  holdsModules,
  withSubfolders,
} from "./module-files.ts";
import { runAction } from "./run-action.ts";
import { runInTarget, shortName } from "./run-module.ts";

export interface ModuleLibraryOptions {
  readonly start: HostStart;
  /** Folders of roles and playbooks that may have plugins of their own; it grows while they are read. */
  readonly directories: ReadonlySet<string>;
  readonly collectionsPath: readonly string[];
  /** Folders of `action_plugins` settings. */
  readonly actionPath: readonly string[];
  readonly interpreterSetting: string;
}

export class ModuleLibrary {
  readonly #o: ModuleLibraryOptions;
  readonly #services: LibraryServices;
  readonly #entries = new Map<string, ModuleEntry>();
  /** Names that were found, and in which of how many folders. */
  readonly #names = new Map<string, ModuleEntry>();
  readonly #asked = new Map<string, FoundModule | undefined>();
  #host: PluginHost | undefined;

  constructor(options: ModuleLibraryOptions) {
    this.#o = options;
    this.#services = new LibraryServices(
      options.start,
      options.directories,
      options.interpreterSetting,
    );
  }

  /**
   * A module by any name. A file of that name in a `library` folder comes before Layerbook's own, as
   * it comes before Ansible's.
   * @param collections the `collections` keyword, searched first for short names
   */
  find(name: string, collections: readonly string[] = []): ModuleEntry | undefined {
    // What there is changes only when a role brings folders of its own.
    const key = `${this.#o.directories.size} ${name} ${collections.join()}`;
    let found = this.#names.get(key);
    if (found === undefined) {
      found = this.#search(name, collections);
      if (found) this.#names.set(key, found);
    }
    return found;
  }

  #search(name: string, collections: readonly string[]): ModuleEntry | undefined {
    const isShort = !name.includes(".");
    if (isShort || name.startsWith("ansible.legacy.")) {
      const own = this.#inFolders(shortName(name));
      if (own) return this.#entry(own);
    }
    if (isShort) {
      for (const collection of collections) {
        const full = `${collection}.${name}`;
        const entry = findModule(full) ?? this.#ofCollection(full);
        if (entry) return entry;
      }
    }
    const native = findModule(name, collections);
    if (native) return native;
    return this.#ofCollection(name) ?? this.#ofAnsible(name);
  }

  /**
   * Finds and loads.
   * @throws UnsupportedError for a name that no module has
   */
  async resolve(
    name: string,
    options: {
      readonly position?: SourcePosition | undefined;
      readonly collections?: readonly string[];
    } = {},
  ): Promise<LoadedModule> {
    const entry = this.find(name, options.collections);
    if (!entry) throw this.unknown(name, options.position);
    return loadModule(entry);
  }

  /** The error for a name that no module has: what is missing, or the nearest name. */
  unknown(name: string, position: SourcePosition | undefined): UnsupportedError {
    const parts = name.split(".");
    if (parts.length < 3 || name.startsWith("ansible.")) return unknownModule(name, position);
    const collection = parts.slice(0, 2).join(".");
    const there = collectionFolder(this.#collectionRoots(true), collection) !== undefined;
    return new UnsupportedError(`couldn't resolve module/action '${name}'`, {
      position,
      hint: there
        ? `The collection '${collection}' is installed and has no module of that name.`
        : `It is no module of Layerbook's own, and the collection '${collection}' is not installed on this machine: \`ansible-galaxy collection install ${collection}\`, or add its folder to ANSIBLE_COLLECTIONS_PATH.`,
    });
  }

  /** Ends the processes that were started. */
  async close(): Promise<void> {
    this.#host?.close();
    this.#host = undefined;
    await this.#services.close();
  }

  #inFolders(name: string): FoundModule | undefined {
    const { actions, libraries } = this.#folders();
    const action = fileOfAction(actions, name);
    const path = fileOfModule(libraries, name);
    if (path === undefined && action === undefined) return undefined;
    return {
      name,
      path: path ?? (action as string),
      action: action === undefined ? undefined : { name, path: action },
    };
  }

  #looked = -1;
  #found: { actions: readonly string[]; libraries: readonly string[] } = {
    actions: [],
    libraries: [],
  };

  /** Folders in which there is anything, those of the latest role first: most roles have none. */
  #folders(): { actions: readonly string[]; libraries: readonly string[] } {
    const { actionPath, directories, start } = this.#o;
    if (this.#looked === directories.size) return this.#found;
    this.#looked = directories.size;
    const latest = [...directories].reverse();
    const within = (kind: string) => latest.map((directory) => join(directory, kind));
    this.#found = {
      actions: [...within("action_plugins"), ...actionPath].filter(holdsModules),
      libraries: [...within("library"), ...start.modulePath.flatMap(withSubfolders)].filter(
        holdsModules,
      ),
    };
    return this.#found;
  }

  #ofCollection(name: string): ModuleEntry | undefined {
    const [namespace, collection, ...rest] = name.split(".");
    if (rest.length === 0 || namespace === "ansible") {
      if (namespace !== "ansible" || collection === "builtin" || collection === "legacy")
        return undefined;
    }
    const short = rest.at(-1) ?? "";
    const below = rest.slice(0, -1);
    const folders = (kind: string) =>
      [this.#folderOf(`${namespace}.${collection}`)].flatMap((folder) =>
        folder === undefined ? [] : [join(folder, "plugins", kind, ...below)],
      );
    const path = fileOfModule(folders("modules"), short);
    const action = fileOfAction(folders("action"), short);
    if (path === undefined && action === undefined) return undefined;
    return this.#entry({
      name,
      path: path ?? (action as string),
      action: action === undefined ? undefined : { name, path: action },
    });
  }

  #folderOf(collection: string): string | undefined {
    return (
      collectionFolder(this.#collectionRoots(false), collection) ??
      collectionFolder(this.#collectionRoots(true), collection)
    );
  }

  /** @param all also the folders of Python's own path; Ansible has to be asked for them */
  *#collectionRoots(all: boolean): Iterable<string> {
    for (const directory of this.#o.directories) yield join(directory, "collections");
    yield* this.#o.collectionsPath;
    if (all) yield* findAnsible()?.pythonPath ?? [];
  }

  /** What only ansible-core itself knows: its own modules, names that were moved. */
  #ofAnsible(name: string): ModuleEntry | undefined {
    if (!/^\w+(\.\w+)*$/.test(name)) return undefined;
    if (!this.#asked.has(name)) this.#asked.set(name, this.#ask(name));
    const found = this.#asked.get(name);
    return found && (findModule(found.name) ?? this.#entry(found));
  }

  #ask(name: string): FoundModule | undefined {
    const ansible = findAnsible();
    if (!ansible) return undefined;
    this.#host ??= new PluginHost(ansible, this.#o.start);
    const answer = this.#host.request({ op: "find", name, collections: [] }) as {
      readonly module: FoundModule["action"] | null;
      readonly action: FoundModule["action"] | null;
    } | null;
    const either = answer?.module ?? answer?.action;
    if (!answer || !either) return undefined;
    return { name: either.name, path: either.path, action: answer.action ?? undefined };
  }

  #entry(found: FoundModule): ModuleEntry {
    const key = `${found.path}\0${found.action?.path ?? ""}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      const module = this.#module(found);
      entry = {
        name: found.name,
        aliases: [],
        revision: "on-disk",
        load: async () => module,
      };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #module(found: FoundModule): Module {
    const { action } = found;
    const services = this.#services;
    return {
      spec: {
        name: found.name,
        summary: `A module of ${found.path}.`,
        options: {},
        anyOption: true,
        freeForm: "_raw_params",
        checkMode: "full",
        diff: true,
        effect: "target",
        ...(action && { neverCached: true }),
        returns: {},
      },
      run: (context, args) =>
        action
          ? runAction({ ...found, action }, services, context, args)
          : runInTarget(found, services, context, args),
      inputs: (context) => codeOf(found, services, context),
    };
  }
}
