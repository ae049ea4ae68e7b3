/** Digests of plain data: the same data gives the same digest on every machine and in every version. */
import { createHash } from "node:crypto";
import type { Data } from "../modules/module.ts";
import type { Digest } from "../oci/image.ts";
import { PyFloat } from "../values/model.ts";

/** What {@link digestOf} takes: module data, and `undefined` members, which are left out. */
export type Digestible =
  | Data
  | undefined
  | Uint8Array
  | readonly Digestible[]
  | { readonly [key: string]: Digestible };

/**
 * sha256 of a prefix-free encoding. Types count (1, 1.0, "1" and true differ), and so does the order
 * of a mapping's keys: templates can see it.
 */
export function digestOf(data: Digestible): Digest {
  const hash = createHash("sha256");
  // Each call into the hash costs more than the few bytes that most parts have.
  let gathered = "";
  encode(data, (part) => {
    if (typeof part === "string") {
      gathered += part;
      if (gathered.length < GATHERED) return;
    }
    hash.update(gathered);
    gathered = "";
    if (typeof part !== "string") hash.update(part);
  });
  return `sha256:${hash.update(gathered).digest("hex")}`;
}

/** Characters that are hashed at once. */
const GATHERED = 1 << 16;

type Emit = (part: string | Uint8Array) => void;

function encode(data: Digestible, emit: Emit): void {
  if (data === null || data === undefined) emit("n;");
  else if (typeof data === "boolean") emit(data ? "t;" : "f;");
  else if (typeof data === "number" || typeof data === "bigint") emit(`i${data};`);
  else if (typeof data === "string") emit(`s${Buffer.byteLength(data)}:${data};`);
  else if (data instanceof PyFloat) emit(`d${data.value};`);
  else if (data instanceof Uint8Array) {
    emit(`b${data.length}:`);
    emit(data);
    emit(";");
  } else if (Array.isArray(data)) {
    emit(`l${data.length}:`);
    for (const item of data as readonly Digestible[]) encode(item, emit);
    emit(";");
  } else encodeMapping(data as Readonly<Record<string, Digestible>>, emit);
}

function encodeMapping(data: Readonly<Record<string, Digestible>>, emit: Emit): void {
  const entries = Object.entries(data).filter(([, value]) => value !== undefined);
  emit(`m${entries.length}:`);
  for (const [key, value] of entries) {
    encode(key, emit);
    encode(value, emit);
  }
  emit(";");
}
