/** What there is of each kind that `layerbook doc -t` knows, and that docs/compatibility.md lists. */
import { becomeMethods } from "../connection/become.ts";
import { MODULES } from "../modules/index.generated.ts";
import { KEYWORDS } from "../playbook/keywords.ts";
import { FURTHER_CALLBACKS, STDOUT_CALLBACKS } from "../report/callbacks.ts";
import { collections as filterCollections, filters } from "../template/filters/index.ts";
import { collections as lookupCollections, lookups } from "../template/lookups/index.ts";
import { collections as testCollections, tests } from "../template/tests/index.ts";
import { connectionNames } from "./connections.ts";

export interface CatalogueEntry {
  /** Fully qualified where it belongs to a collection. */
  readonly name: string;
  readonly summary: string;
}

/** Kinds with a list of their own, in the words of `ansible-doc -t`. */
export const CATALOGUE: Readonly<Record<string, () => Promise<readonly CatalogueEntry[]>>> = {
  module: async () =>
    Promise.all(
      MODULES.map(async (entry) => ({
        name: entry.name,
        summary: (await entry.load()).spec.summary,
      })),
    ),
  filter: async () => qualified(filters, filterCollections, "A filter of templates"),
  test: async () => qualified(tests, testCollections, "A test of templates"),
  lookup: async () => qualified(lookups, lookupCollections, "A lookup of templates"),
  keyword: async () => Object.entries(KEYWORDS).map(([name, { summary }]) => ({ name, summary })),
  connection: async () => named(connectionNames(), "How a host is reached"),
  become: async () => named(becomeMethods(), "How to become another user"),
  callback: async () => [
    ...named(Object.keys(STDOUT_CALLBACKS), "An output"),
    ...named(Object.keys(FURTHER_CALLBACKS), "An addition to the output"),
  ],
  strategy: async () =>
    named(["linear", "free", "host_pinned"], "How hosts go through the tasks of a play"),
  inventory: async () =>
    named(
      ["host_list", "advanced_host_list", "script", "auto", "constructed", "yaml", "ini", "toml"],
      "A kind of inventory source",
    ),
};

function named(names: readonly string[], summary: string): CatalogueEntry[] {
  return names.map((name) => ({ name, summary }));
}

function qualified(
  table: Readonly<Record<string, unknown>>,
  collections: Readonly<Record<string, string>>,
  summary: string,
): CatalogueEntry[] {
  return Object.keys(table)
    .sort()
    .map((name) => ({ name: `${collections[name] ?? "ansible.builtin"}.${name}`, summary }));
}
