/**
 * Where a value stood in the file that it was read from. The parser notes it for each container; a
 * scalar's place is looked up through the container that holds it, so that plain strings stay plain.
 */
import type { SourcePosition } from "../errors/index.ts";
import type { Dict, Value } from "./model.ts";

interface Places {
  readonly self: SourcePosition;
  readonly keys: ReadonlyMap<string | number, SourcePosition>;
  readonly values: ReadonlyMap<string | number, SourcePosition>;
}

const places = new WeakMap<object, Places>();

/** Called by the YAML loader once for each mapping and sequence it builds. */
export function notePlaces(container: Dict | Value[], noted: Places): void {
  places.set(container, noted);
}

/** Where a container begins, or where the value under one of its keys or indexes begins. */
export function positionOf(container: unknown, key?: string | number): SourcePosition | undefined {
  if (typeof container !== "object" || container === null) return undefined;
  const noted = places.get(container);
  return key === undefined ? noted?.self : (noted?.values.get(key) ?? noted?.self);
}

/** Where a key of a mapping itself stands (for messages about a misspelt key). */
export function positionOfKey(container: Dict, key: string): SourcePosition | undefined {
  const noted = places.get(container);
  return noted?.keys.get(key) ?? noted?.self;
}
