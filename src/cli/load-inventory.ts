/** Inventories as the command line and the settings name them. */
import { existsSync } from "node:fs";
import type { VaultAccess } from "../engine/options.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { UsageError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { dockerDaemonInventory, dockerInventory } from "../inventory/docker-containers.ts";
import type { Inventory } from "../inventory/inventory.ts";
import {
  type LoadInventoryOptions,
  loadInventory as readInventory,
  readSources,
} from "../inventory/load.ts";
import { pythonInventory } from "../modules/python/inventory-plugin.ts";
import { Loader } from "../playbook/loader.ts";
import { HostVariables } from "../variables/host-variables.ts";
import { containerSource } from "./docker-daemons.ts";

/** What plugins may look at, and where details go. */
export type InventoryExtras = Pick<LoadInventoryOptions, "detail" | "extraVars">;

/** @param sources paths, or lists of hosts with a comma; none: what the settings say */
export function loadInventory(
  sources: readonly string[],
  settings: EngineSettings,
  vault: VaultAccess | undefined,
  warn: (message: string) => void,
  more: InventoryExtras = {},
): Promise<Inventory> {
  return readInventory(loadOptions(sources, settings, vault, warn, more));
}

/** Reads the same sources into an inventory that was emptied (`meta: refresh_inventory`). */
export function rereadInventory(
  inventory: Inventory,
  sources: readonly string[],
  settings: EngineSettings,
  vault: VaultAccess | undefined,
  warn: (message: string) => void,
  more: InventoryExtras = {},
): Promise<void> {
  return readSources(inventory, loadOptions(sources, settings, vault, warn, more));
}

function loadOptions(
  sources: readonly string[],
  settings: EngineSettings,
  vault: VaultAccess | undefined,
  warn: (message: string) => void,
  more: InventoryExtras,
): LoadInventoryOptions {
  const loader = new Loader({
    warn,
    ...(vault && { decrypt: (text, file) => vault.decrypt(text, file) }),
  });
  const mergeDicts = settings.text("DEFAULT_HASH_BEHAVIOUR") === "merge";
  let beside: HostVariables | undefined;
  return {
    ...more,
    sources: sources.length > 0 ? sources : configuredSources(settings),
    loader,
    warn,
    enabled: settings.list("INVENTORY_ENABLED"),
    varsBeside: (inventory, host) => {
      beside ??= new HostVariables({ inventory, loader, mergeDicts });
      return [beside.of(host)];
    },
    unparsedWarning: settings.bool("INVENTORY_UNPARSED_WARNING"),
    anyUnparsedIsFailed: settings.bool("INVENTORY_ANY_UNPARSED_IS_FAILED"),
    unparsedIsFailed: settings.bool("INVENTORY_UNPARSED_IS_FAILED"),
    mergeDicts,
    ignoreExtensions: settings.list("INVENTORY_IGNORE_EXTS"),
    plugins: [dockerInventory(containerSource)],
    first: [dockerDaemonInventory(containerSource)],
    others: pythonInventory,
  };
}

/** The place that nobody named need not be there. */
function configuredSources(settings: EngineSettings): readonly string[] {
  const found = settings.list("DEFAULT_HOST_LIST");
  const isDefault = settings.all.get("DEFAULT_HOST_LIST")?.origin === "default";
  return isDefault ? found.filter((path) => existsSync(path)) : found;
}

/**
 * An inventory in which one host is the image.
 * @throws UsageError when the host is not in it
 */
export async function loadImageInventory(
  sources: readonly string[],
  settings: EngineSettings,
  vault: VaultAccess | undefined,
  host: string,
  warn: (message: string) => void,
): Promise<Inventory> {
  const inventory = await loadInventory(sources, settings, vault, warn);
  if (!inventory.hosts.has(host)) {
    const meant = nearest(host, inventory.hosts.keys());
    throw new UsageError(`the inventory has no host '${host}', which the image is to be`, {
      hint: meant ? `Did you mean --host ${meant}?` : "Say with --host which host the image is.",
      exitCode: 1,
    });
  }
  return inventory;
}
