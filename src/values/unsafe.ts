/** Marking values as unsafe: they are never templated again. */
import { Markup } from "./markup.ts";
import { Dict, TaggedString, Tuple, type Value } from "./model.ts";
import { NativeText } from "./native-text.ts";

/** The value with every text in it marked unsafe. Containers are copied. */
export function wrapUnsafe(value: Value): Value {
  if (typeof value === "string") return new TaggedString(value, { unsafe: true });
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(wrapUnsafe);
  if (value instanceof Dict) {
    const result = new Dict();
    for (const [key, item] of value) result.set(key, wrapUnsafe(item));
    return result;
  }
  if (value instanceof Tuple) return new Tuple(value.items.map(wrapUnsafe));
  if (!(value instanceof TaggedString) || value.unsafe) return value;
  const tags = { unsafe: true, vault: value.vault };
  if (value instanceof NativeText) return new NativeText(value.text, tags);
  if (value instanceof Markup) return new Markup(value.text, tags);
  return new TaggedString(value.text, tags);
}

/** Is the value, or something in it, unsafe? */
export function holdsUnsafe(value: Value): boolean {
  if (value === null || typeof value !== "object") return false;
  if (value instanceof TaggedString) return value.unsafe;
  if (Array.isArray(value)) return value.some(holdsUnsafe);
  if (value instanceof Dict) {
    for (const [, item] of value) if (holdsUnsafe(item)) return true;
    return false;
  }
  return value instanceof Tuple && value.items.some(holdsUnsafe);
}
