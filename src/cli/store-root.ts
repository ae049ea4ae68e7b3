/** Where the store is: told by LAYERBOOK_STORE, else the place the system has for such things. */
import { homedir } from "node:os";
import { join } from "node:path";

export function storeRoot(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env.LAYERBOOK_STORE) return env.LAYERBOOK_STORE;
  if (process.getuid?.() === 0) return "/var/lib/layerbook";
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "layerbook");
}
