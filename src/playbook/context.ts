/** What the parser needs from outside of this room. */
import type { LayerbookError, SourcePosition } from "../errors/index.ts";
import type { Dict, Value } from "../values/model.ts";
import type { Loader } from "./loader.ts";
import type { Node } from "./node.ts";

export interface ParseContext {
  readonly loader: Loader;
  /** Is there a module of that name? The parser knows the actions that are no modules itself. */
  isModule(name: string, collections: readonly string[]): boolean;
  /** Plugins and modules of a role or playbook are to be found from now on. */
  usePlugins(directory: string): void;
  /** Folders of `roles_path`. */
  readonly rolesPath: readonly string[];
  /** Do variables of roles stay within them? `undefined`: those of included roles do. */
  readonly privateRoleVars: boolean | undefined;
  /** Folders that hold `ansible_collections`. */
  readonly collectionsPath: readonly string[];
  /**
   * Templates what has to be known before anything runs: names of imported files and roles, fields of
   * plays. Sees extra variables, and the `vars` on the way up from the node.
   * @throws LayerbookError for undefined variables
   */
  template(value: Value, node: Node | undefined, extra?: Dict): Value;
  /** The error for a key that should be a module and is none. */
  unknownModule(name: string, position: SourcePosition | undefined): LayerbookError;
  warn(message: string, position?: SourcePosition): void;
  deprecate(message: string, position?: SourcePosition): void;
}

/** Where a list of tasks stands: for relative names and for what may be written there. */
export interface TaskPlace {
  readonly file: string;
  readonly handlers: boolean;
  /** Files that are being imported, outermost first, to notice a circle. */
  readonly importing: readonly string[];
}
