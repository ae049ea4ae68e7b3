/** Errors of what people write, with the place and the nearest word that would have been right. */
import { ParseError, type SourcePosition } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { type Dict, textOf, type Value } from "../values/model.ts";
import { positionOf, positionOfKey } from "../values/positions.ts";
import { keywordsOf, type Place } from "./keywords.ts";

const PLACE_NAMES: Readonly<Record<Place, string>> = {
  play: "Play",
  role: "RoleDefinition",
  block: "Block",
  task: "Task",
  handler: "Handler",
};

/** A keyword that cannot stand there, in Ansible's words, with what it may have been meant to be. */
export function unknownKeyword(
  place: Place,
  key: string,
  entry: Dict,
  further: readonly string[] = [],
): ParseError {
  const close = nearest(key, [...keywordsOf(place), ...further]);
  const elsewhere = elsewhereOf(key);
  const hint = close
    ? `Did you mean '${close}'?`
    : elsewhere
      ? `'${key}' can be written on a ${elsewhere}.`
      : undefined;
  return new ParseError(`'${key}' is not a valid attribute for a ${PLACE_NAMES[place]}`, {
    position: positionOfKey(entry, key),
    hint,
  });
}

function elsewhereOf(key: string): string | undefined {
  const places: readonly Place[] = ["play", "block", "task", "handler"];
  return places.find((place) => keywordsOf(place).includes(key));
}

/** A wrong shape: `expected` says what should be there. */
export function wrongShape(
  what: string,
  expected: string,
  container: unknown,
  key?: string | number,
): ParseError {
  return new ParseError(`${what} must be ${expected}`, { position: positionOf(container, key) });
}

/** The text under a key, or an error that names it. */
export function requireText(entry: Dict, key: string, what: string): string {
  const text = textOf(entry.get(key));
  if (text === undefined) throw wrongShape(what, "a string", entry, key);
  return text;
}

/** Is there a template in the text? */
export function hasTemplate(value: Value): boolean {
  const text = textOf(value);
  return text !== undefined && (text.includes("{{") || text.includes("{%"));
}

/** Where a list's element begins, else where the list does. */
export function positionOfElement(list: unknown, index: number): SourcePosition | undefined {
  const items = list as readonly unknown[];
  return positionOf(items[index]) ?? positionOf(list, index);
}
