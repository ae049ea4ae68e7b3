/** The shape of an inventory plugin: one file each. */
import type { Environment } from "../template/environment.ts";
import type { Value } from "../values/model.ts";
import type { Host, Inventory } from "./inventory.ts";

/** What a plugin may use. */
export interface SourceContext {
  /** Templates of `constructed` and its like. */
  readonly environment: Environment;
  /** Reads a file, decrypted when it is a vault file. */
  readonly read: (path: string) => Buffer;
  readonly loadYaml: (path: string) => Value;
  readonly warn: (message: string) => void;
  /** Details that only `-vvv` shows. */
  readonly detail: (message: string) => void;
  /** `--extra-vars`. */
  readonly extraVars: ReadonlyMap<string, Value>;
  /** What `group_vars` and `host_vars` beside the sources say of a host, weakest first. */
  readonly varsBeside: (inventory: Inventory, host: Host) => readonly ReadonlyMap<string, Value>[];
  /** A plugin by its name. */
  readonly find: (name: string) => InventoryPlugin | undefined;
}

export interface InventoryPlugin {
  readonly name: string;
  /** Could the source be one of this plugin's? Cheap; looks at the name, or into the file. */
  accepts(source: string, context: SourceContext): boolean;
  /**
   * Puts the source's hosts and groups into the inventory.
   * @throws LayerbookError with the place of what is wrong: the next plugin is tried
   */
  parse(inventory: Inventory, source: string, context: SourceContext): Promise<void> | void;
}
