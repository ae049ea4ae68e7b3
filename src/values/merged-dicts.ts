/** Dicts laid one over the other. */
import { Dict } from "./model.ts";

/** What both hold, dicts within them merged too; otherwise the value of `over` counts. */
export function mergedDicts(under: Dict, over: Dict): Dict {
  const result = new Dict(under);
  for (const [key, value] of over) {
    const before = result.get(key);
    result.set(
      key,
      before instanceof Dict && value instanceof Dict ? mergedDicts(before, value) : value,
    );
  }
  return result;
}
