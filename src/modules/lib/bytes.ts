/**
 * Bytes of the target and texts of the controller. A byte that is no UTF-8 becomes a lone surrogate
 * U+DC80..U+DCFF, as Python's `surrogateescape` does it, and comes back as the same byte.
 */
import { quote } from "../../connection/connection.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Is it valid UTF-8 from end to end? */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Text of bytes; what is no UTF-8 becomes lone surrogates. */
export function decodeBytes(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    let text = "";
    let at = 0;
    while (at < bytes.length) {
      const length = sequenceLength(bytes, at);
      if (length > 0) {
        text += strict.decode(bytes.subarray(at, at + length));
        at += length;
      } else text += String.fromCharCode(0xdc00 + (bytes[at++] ?? 0));
    }
    return text;
  }
}

/** Length of the well-formed UTF-8 sequence at `at`; 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length < 2) return length;
  return isUtf8(bytes.subarray(at, at + length)) && at + length <= bytes.length ? length : 0;
}

/** Bytes of a text: the inverse of {@link decodeBytes}. */
export function encodeText(text: string): Buffer {
  if (!/[\udc80-\udcff]/.test(text)) return Buffer.from(text);
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(/(?<![\ud800-\udbff])[\udc80-\udcff]/g)) {
    parts.push(Buffer.from(text.slice(from, match.index)));
    parts.push(Buffer.from([text.charCodeAt(match.index) - 0xdc00]));
    from = match.index + 1;
  }
  parts.push(Buffer.from(text.slice(from)));
  return Buffer.concat(parts);
}

/** A text as one character a byte, for byte-wise regular expressions and edits. */
export function latin(text: string): string {
  return encodeText(text).toString("latin1");
}

/** The inverse of {@link latin}. */
export function unlatin(bytes: string): string {
  return decodeBytes(Buffer.from(bytes, "latin1"));
}

/** The text as one word of a POSIX shell, also when its bytes are no UTF-8. */
export function word(text: string): string {
  if (!/(?<![\ud800-\udbff])[\udc80-\udcff]/.test(text)) return quote(text);
  const octal = Array.from(encodeText(text), (byte) => `\\0${byte.toString(8).padStart(3, "0")}`);
  // The final character keeps command substitution from dropping newlines.
  return `"$(lb_w=$(printf %b '${octal.join("")}_'); printf %s "\${lb_w%_}")"`;
}

/** A path as one word that no program takes for an option. */
export function pathWord(path: string): string {
  return word(path.startsWith("-") ? `./${path}` : path);
}
