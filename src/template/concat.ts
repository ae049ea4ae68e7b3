/** From the parts that a template printed to its result. */
import { Instance } from "../values/instance.ts";
import { toList } from "../values/iterate.ts";
import { PyIterator } from "../values/iterator.ts";
import { literalEval } from "../values/literal.ts";
import { Markup } from "../values/markup.ts";
import { Dict, PyBytes, PyFloat, TaggedString, Tuple, type Value } from "../values/model.ts";
import { NativeText } from "../values/native-text.ts";
import { PyRange } from "../values/range.ts";
import { str } from "../values/text.ts";
import { DictView } from "../values/view.ts";
import { TemplateRuntimeError } from "./errors.ts";

/** More text than this from one template is a runaway. */
const maxText = 512 * 1024 * 1024;

/** `text`: joined text. `data`: text that looks like data becomes data. `native`: types stay. */
export type Conversion = "text" | "data" | "native";

/**
 * What `{{ value }}` hands to the output: None prints nothing (but stays None where types stay), lazy
 * sequences are lists.
 */
export function finalize(value: Value, conversion: Conversion): Value {
  if (value === null) return conversion === "native" ? null : "";
  if (value instanceof Instance) {
    if (value instanceof PyIterator || value instanceof PyRange || value instanceof DictView) {
      return toList(value);
    }
  }
  return value;
}

function partText(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof PyBytes) return Buffer.from(value.bytes).toString("utf8");
  return str(value);
}

function joined(parts: readonly Value[]): string {
  let text = "";
  for (const part of parts) {
    text += partText(part);
    if (text.length > maxText) {
      throw new TemplateRuntimeError("MemoryError", "the result of the template is too large");
    }
  }
  return text;
}

function tagged(text: string, parts: readonly Value[]): Value {
  let unsafe = false;
  let vault = false;
  for (const part of parts) {
    if (!(part instanceof TaggedString)) continue;
    unsafe ||= part.unsafe;
    vault ||= part.vault;
  }
  return unsafe || vault ? new TaggedString(text, { unsafe, vault }) : text;
}

/** The result of a template or macro from its finalized parts. */
export function concat(parts: readonly Value[], conversion: Conversion): Value {
  if (conversion === "native") return native(parts);
  if (conversion === "text") return tagged(joined(parts), parts);
  const [first] = parts;
  if (first === undefined) return "";
  if (parts.length === 1) {
    if (first instanceof NativeText || (first instanceof Dict && first.isLive)) return first;
    if (typeof first !== "string" && isPlainData(first, 0)) return copyData(first);
  }
  const text = joined(parts);
  if (text.startsWith("[") || text.startsWith("{") || text === "True" || text === "False") {
    const data = literalEval(text);
    if (data !== undefined) return data;
  }
  return tagged(text, parts);
}

function native(parts: readonly Value[]): Value {
  const [first] = parts;
  if (first === undefined) return null;
  let value: Value = first;
  if (parts.length > 1) value = tagged(joined(parts), parts);
  else if (value instanceof Instance) value.pyUse();
  if (value instanceof NativeText) return value;
  const text =
    typeof value === "string" ? value : value instanceof TaggedString ? value.text : undefined;
  if (text === undefined) {
    useMembers(value);
    return value;
  }
  // Leading blanks are an indentation error to Python's parser: such text stays text.
  const data = /^[ \t]/.test(text) ? undefined : literalEval(text);
  return data === undefined ? value : data;
}

/**
 * Data whose text reads back as itself: then the detour over text can be spared. Strings with tags
 * lose them on the way, as they do in Ansible (the template as a whole is marked instead).
 */
function isPlainData(value: Value, depth: number): boolean {
  if (depth > 60) return false;
  if (Array.isArray(value)) return value.every((item) => isPlainMember(item, depth + 1));
  if (value instanceof Dict) {
    for (const [key, item] of value) {
      if (!isPlainMember(key, depth + 1) || !isPlainMember(item, depth + 1)) return false;
    }
    return true;
  }
  return false;
}

function isPlainMember(value: Value, depth: number): boolean {
  if (value === null || typeof value !== "object") return true;
  if (value instanceof PyFloat) return Number.isFinite(value.value);
  if (value instanceof TaggedString) return !(value instanceof Markup);
  if (value instanceof Tuple) return value.items.every((item) => isPlainMember(item, depth + 1));
  return isPlainData(value, depth);
}

function copyData(value: Value): Value {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(copyData);
  if (value instanceof TaggedString) return tagged(value.text, [value]);
  if (value instanceof Dict) {
    const copy = new Dict();
    for (const [key, item] of value) copy.set(copyData(key), copyData(item));
    return copy;
  }
  if (value instanceof Tuple) return new Tuple(value.items.map(copyData));
  return value;
}

/** Raises the error of an undefined value inside a container. */
function useMembers(value: Value): void {
  if (value instanceof Instance) value.pyUse();
  else if (Array.isArray(value)) value.forEach(useMembers);
  else if (value instanceof Dict) for (const [, item] of value) useMembers(item);
}
