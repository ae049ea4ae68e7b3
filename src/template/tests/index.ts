/** All tests, by short name, and the collections of those outside of ansible.builtin. */
import { textOf, type Value } from "../../values/model.ts";
import { notLoaded, TemplateSyntaxError } from "../errors.ts";
import { filters } from "../filters/index.ts";
import type { Test } from "../plugin.ts";
import * as ansible from "./ansible.ts";
import * as jinja from "./jinja.ts";
import * as network from "./network.ts";

/** Whether a table has the plugin, by its short or its full name. As with Ansible, asking for one
 * that does not exist is an error. */
function names(table: Readonly<Record<string, unknown>>, value: Value): boolean {
  const name = textOf(value);
  if (name === undefined) return false;
  if (Object.hasOwn(table, name.replace(/^\w+\.\w+\./, ""))) return true;
  throw new TemplateSyntaxError(notLoaded(name));
}

export const tests: Readonly<Record<string, Test>> = {
  ...network.tests,
  ...ansible.tests,
  ...jinja.tests,
  filter: (value) => names(filters, value),
  test: (value) => names(tests, value),
};

export const collections: Readonly<Record<string, string>> = network.collections;
