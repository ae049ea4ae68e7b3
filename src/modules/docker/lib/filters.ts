/** Filters of lists and of pruning: a value, a list of values, or a boolean. */
import type { Filters } from "../../../docker/index.ts";
import type { Data } from "../../module.ts";
import { isObject, scalarText } from "./json.ts";

export function filtersOption(value: Data | undefined): Filters {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, given]) => {
      const items = (Array.isArray(given) ? given : [given]) as readonly Data[];
      const texts = items.map((item) =>
        typeof item === "boolean" ? String(item) : scalarText(item),
      );
      return [name, texts];
    }),
  );
}
