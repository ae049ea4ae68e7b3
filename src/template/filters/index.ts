/** All filters, by short name, and the collections of those outside of ansible.builtin. */
import type { Filter } from "../plugin.ts";
import * as collectionsFamily from "./collections.ts";
import * as community from "./community.ts";
import * as data from "./data.ts";
import * as files from "./files.ts";
import * as hardware from "./hardware.ts";
import * as hashing from "./hashing.ts";
import * as jinjaSequence from "./jinja-sequence.ts";
import * as jinjaText from "./jinja-text.ts";
import * as misc from "./misc.ts";
import * as network from "./network.ts";
import * as numbers from "./numbers.ts";
import * as regex from "./regex.ts";

export const filters: Readonly<Record<string, Filter>> = {
  ...jinjaText.filters,
  ...jinjaSequence.filters,
  ...numbers.filters,
  ...collectionsFamily.filters,
  ...data.filters,
  ...files.filters,
  ...hashing.filters,
  ...misc.filters,
  ...regex.filters,
  ...community.filters,
  ...hardware.filters,
  ...network.filters,
};

export const collections: Readonly<Record<string, string>> = {
  ...community.collections,
  ...hardware.collections,
  ...network.collections,
};
