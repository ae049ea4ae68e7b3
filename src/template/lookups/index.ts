/** All lookups, by short name, and the collections of those outside of ansible.builtin. */
import type { Lookup } from "../plugin.ts";
import * as community from "./community.ts";
import * as files from "./files.ts";
import * as items from "./items.ts";
import * as structured from "./structured.ts";
import * as url from "./url.ts";
import * as variables from "./variables.ts";

export const lookups: Readonly<Record<string, Lookup>> = {
  ...items.lookups,
  ...files.lookups,
  ...structured.lookups,
  ...variables.lookups,
  ...url.lookups,
  ...community.lookups,
};

export const collections: Readonly<Record<string, string>> = {
  ...items.collections,
  ...community.collections,
};
