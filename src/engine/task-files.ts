/** Files of the controller as a task finds them: in its roles, beside its file, beside the playbook. */
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { LayerbookError } from "../errors/index.ts";
import { isDirectory, isFile, type Loader } from "../playbook/loader.ts";
import type { Node } from "../playbook/node.ts";
import type { ControllerFiles } from "../template/plugin.ts";
import { searchPath } from "../variables/magic.ts";

export type FileKind = "files" | "templates" | "vars" | "tasks" | "";

export class TaskFiles implements ControllerFiles {
  readonly baseDirectory: string;
  readonly #node: Node | undefined;
  readonly #loader: Loader;
  #roots: readonly string[] | undefined;

  constructor(node: Node | undefined, baseDirectory: string, loader: Loader) {
    this.#node = node;
    this.baseDirectory = baseDirectory;
    this.#loader = loader;
  }

  searchPaths(kind: string): string[] {
    this.#roots ??= searchPath(this.#node, this.baseDirectory);
    const paths = this.#roots.flatMap((root) => {
      // A task file's folder stands for its role.
      const role = basename(root) === "tasks" ? [dirname(root)] : [];
      return [...role, root].flatMap((path) => (kind === "" ? [path] : [join(path, kind), path]));
    });
    return [...new Set(paths)];
  }

  find(kind: FileKind, name: string): string | undefined {
    return this.#candidates(kind, name).find((path) => isFile(path) || isDirectory(path));
  }

  /** @throws LayerbookError that names every place */
  require(kind: FileKind, name: string): string {
    const found = this.find(kind, name);
    if (found !== undefined) return found;
    const searched = this.#candidates(kind, name);
    throw new LayerbookError(
      `Could not find or access '${name}'\nSearched in:\n\t${searched.join("\n\t")}`,
    );
  }

  read(path: string): Uint8Array {
    return this.#loader.read(path);
  }

  #candidates(kind: FileKind, name: string): string[] {
    if (isAbsolute(name)) return [name];
    if (name.startsWith("~/")) return [join(process.env.HOME ?? "/", name.slice(2))];
    return this.searchPaths(kind).map((directory) => resolve(directory, name));
  }
}
