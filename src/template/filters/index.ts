/** All filters, by short name. */
import type { Filter } from "../plugin.ts";

export const filters: Readonly<Record<string, Filter>> = {};

/** The collection of each one that is not in ansible.builtin. */
export const collections: Readonly<Record<string, string>> = {};
