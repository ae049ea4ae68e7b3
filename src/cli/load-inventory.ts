import type { VaultAccess } from "../engine/options.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { Inventory } from "../inventory/inventory.ts";
export async function loadInventory(
  _paths: readonly string[],
  _s: EngineSettings,
  _v: VaultAccess | undefined,
  host: string,
): Promise<Inventory> {
  const i = new Inventory();
  i.addHost(host);
  return i;
}
