/** All tests, by short name, and the collections of those outside of ansible.builtin. */
import { textOf } from "../../values/model.ts";
import { filters } from "../filters/index.ts";
import type { Test } from "../plugin.ts";
import * as ansible from "./ansible.ts";
import * as jinja from "./jinja.ts";
import * as network from "./network.ts";

/** Whether a table has the plugin, by its short or its full name. */
function names(table: Readonly<Record<string, unknown>>, name: string | undefined): boolean {
  const short = name?.replace(/^\w+\.\w+\./, "");
  return short !== undefined && Object.hasOwn(table, short);
}

export const tests: Readonly<Record<string, Test>> = {
  ...network.tests,
  ...ansible.tests,
  ...jinja.tests,
  filter: (value) => names(filters, textOf(value)),
  test: (value) => textOf(value) === "test" || names(tests, textOf(value)),
};

export const collections: Readonly<Record<string, string>> = network.collections;
