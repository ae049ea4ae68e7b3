/** Just enough of OpenPGP (RFC 4880) to name a public key. */
import { createHash } from "node:crypto";

/** The bytes of a key, without its ASCII armour if it has one. */
export function dearmor(key: Buffer): Buffer {
  const text = key.toString("latin1");
  const start = text.indexOf("-----BEGIN PGP PUBLIC KEY BLOCK-----");
  if (start < 0) return key;
  const body = text
    .slice(start)
    .split(/\r?\n\s*\r?\n/)
    .slice(1)
    .join("\n");
  const end = body.search(/^(=[A-Za-z0-9+/]{4}\s*$|-----END)/m);
  return Buffer.from(end < 0 ? body : body.slice(0, end), "base64");
}

/**
 * Fingerprints of the public keys and subkeys in a file: upper case hexadecimal, 40 digits for a
 * version 4 key. Empty if it holds no key.
 */
export function fingerprints(key: Buffer): string[] {
  const bytes = dearmor(key);
  const found: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const header = bytes[at] ?? 0;
    if ((header & 0x80) === 0) break;
    const [tag, start, length] = packet(bytes, at, header);
    const body = bytes.subarray(start, start + length);
    if ((tag === 6 || tag === 14) && body[0] === 4) {
      const prefix = Buffer.from([0x99, body.length >> 8, body.length & 0xff]);
      const digest = createHash("sha1").update(prefix).update(body).digest("hex");
      found.push(digest.toUpperCase());
    }
    at = start + length;
  }
  return found;
}

/** Tag, start of the body and its length, of a packet in the old or the new format. */
function packet(bytes: Buffer, at: number, header: number): [number, number, number] {
  if ((header & 0x40) !== 0) {
    const first = bytes[at + 1] ?? 0;
    if (first < 192) return [header & 0x3f, at + 2, first];
    if (first < 224) {
      return [header & 0x3f, at + 3, ((first - 192) << 8) + (bytes[at + 2] ?? 0) + 192];
    }
    return [header & 0x3f, at + 6, bytes.length >= at + 6 ? bytes.readUInt32BE(at + 2) : 0];
  }
  const size = [1, 2, 4, 0][header & 3] ?? 0;
  if (size === 0) return [(header >> 2) & 15, at + 1, bytes.length - at - 1];
  const enough = bytes.length >= at + 1 + size;
  return [(header >> 2) & 15, at + 1 + size, enough ? bytes.readUIntBE(at + 1, size) : 0];
}
