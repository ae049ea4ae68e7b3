/** The cache of facts that the settings ask for. */
import { LayerbookError, UnsupportedError } from "../errors/index.ts";
import { type FactCache, JsonFactCache } from "../variables/fact-cache.ts";
import type { RunOptions } from "./options.ts";
import type { EngineSettings } from "./settings.ts";

/**
 * `undefined`: facts live as long as the run (`memory`). With `flushCache` what is kept of the
 * inventory's hosts is forgotten first.
 * @throws UnsupportedError for a cache that there is not
 */
export function factCacheOf(settings: EngineSettings, options: RunOptions): FactCache | undefined {
  const plugin = settings.text("CACHE_PLUGIN") ?? "memory";
  switch (plugin.replace(/^ansible\.builtin\./, "")) {
    case "memory":
      return undefined;
    case "jsonfile":
      break;
    default:
      throw new UnsupportedError(`the fact cache '${plugin}' is not supported`, {
        hint: "Use memory or jsonfile: fact_caching in ansible.cfg, or ANSIBLE_CACHE_PLUGIN.",
        exitCode: 1,
      });
  }
  const directory = settings.text("CACHE_PLUGIN_CONNECTION");
  if (directory === undefined) {
    throw new LayerbookError(
      "error, 'jsonfile' cache plugin requires the 'fact_caching_connection' config option to be set (to a writeable directory path)",
    );
  }
  const cache = new JsonFactCache({
    directory,
    prefix: settings.text("CACHE_PLUGIN_PREFIX") ?? "",
    timeoutSeconds: settings.number("CACHE_PLUGIN_TIMEOUT") ?? 86_400,
    warn: (message) => options.events.warn(message),
  });
  if (options.flushCache) for (const name of options.inventory.hosts.keys()) cache.forget(name);
  return cache;
}
