/**
 * PAX extended headers (POSIX.1-2001, `pax`): `LENGTH KEY=VALUE\n` records. Values are bytes and stay
 * bytes: extended attributes such as `security.capability` are no text.
 */
import { TarError } from "./entry.ts";

export type PaxRecords = Map<string, Buffer>;

/** Prefix of the records that carry extended attributes. */
export const XATTR_PREFIX = "SCHILY.xattr.";

/** @param target receives the records; an empty value takes a record away, as the standard says */
export function parsePax(data: Buffer, target: PaxRecords): void {
  let at = 0;
  while (at < data.length) {
    // What follows the last record can only be padding.
    if (data[at] === 0) return;
    const space = data.indexOf(0x20, at);
    const digits = space < 0 ? "" : data.toString("latin1", at, space);
    const length = /^\d{1,10}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = space < 0 ? -1 : data.indexOf(0x3d, space + 1);
    if (
      length === 0 ||
      end > data.length ||
      data[end - 1] !== 0x0a ||
      equals < 0 ||
      equals >= end
    ) {
      throw new TarError("malformed", "a PAX record of the tar archive is damaged");
    }
    const key = data.toString("latin1", space + 1, equals);
    const value = data.subarray(equals + 1, end - 1);
    if (value.length === 0 && !key.startsWith(XATTR_PREFIX)) target.delete(key);
    else target.set(key, value);
    at = end;
  }
}

/** Records in the order of their keys' bytes, so that the same records are the same bytes. */
export function encodePax(records: PaxRecords): Buffer {
  const keys = [...records.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return Buffer.concat(
    keys.map((key) => {
      const value = records.get(key) ?? Buffer.alloc(0);
      const body = Buffer.concat([Buffer.from(` ${key}=`, "latin1"), value, Buffer.from("\n")]);
      // The length counts its own digits.
      let length = body.length + 1;
      while (body.length + String(length).length !== length) length++;
      return Buffer.concat([Buffer.from(String(length)), body]);
    }),
  );
}

/** GNU tar's escape for attribute names, in which `=` would end the key. */
export function xattrKey(name: string): string {
  return XATTR_PREFIX + name.replaceAll("%", "%25").replaceAll("=", "%3D");
}

export function xattrName(key: string): string {
  return key.slice(XATTR_PREFIX.length).replaceAll("%3D", "=").replaceAll("%25", "%");
}
