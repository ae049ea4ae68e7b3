/**
 * DER, the encoding of keys, requests and certificates: writing it, and reading it into a tree.
 * @see https://www.itu.int/rec/T-REC-X.690
 */

/** One value: its tag octet, and what it holds. */
export interface DerNode {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Bytes that are no DER. */
export class DerError extends Error {}

export function encode(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const hex = length.toString(16);
  const size = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return encode(TAG.sequence, ...parts);
}

/** A set whose elements stand in the order that DER wants. */
export function setOf(...parts: readonly Buffer[]): Buffer {
  return encode(TAG.set, ...[...parts].sort(Buffer.compare));
}

/** A whole number that is not negative. */
export function integer(value: bigint | number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return (bytes[0] ?? 0) >= 0x80
    ? encode(TAG.integer, Buffer.from([0]), bytes)
    : encode(TAG.integer, bytes);
}

export function boolean(value: boolean): Buffer {
  return encode(TAG.boolean, Buffer.from([value ? 0xff : 0]));
}

export function octetString(bytes: Uint8Array): Buffer {
  return encode(TAG.octetString, bytes);
}

/** @param unused bits of the last octet that do not count */
export function bitString(bytes: Uint8Array, unused = 0): Buffer {
  return encode(TAG.bitString, Buffer.from([unused]), bytes);
}

/** A bit string of named bits: trailing zeros are not written. */
export function namedBits(set: Iterable<number>): Buffer {
  const bits = [...set];
  const last = Math.max(-1, ...bits);
  if (last < 0) return bitString(Buffer.alloc(0));
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const bit of bits) {
    const at = Math.floor(bit / 8);
    bytes[at] = (bytes[at] ?? 0) | (0x80 >> (bit % 8));
  }
  return bitString(bytes, 7 - (last % 8));
}

export function oid(dotted: string): Buffer {
  const arcs = dotted.split(".").map(BigInt);
  const [first = 0n, second = 0n, ...rest] = arcs;
  const bytes = [first * 40n + second, ...rest].flatMap((arc) => {
    const groups: number[] = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    return groups;
  });
  return encode(TAG.oid, Buffer.from(bytes));
}

/** @param number context-specific tag; constructed when it wraps a whole value */
export function tagged(number: number, constructed: boolean, ...parts: Uint8Array[]): Buffer {
  return encode(0x80 | (constructed ? 0x20 : 0) | number, ...parts);
}

/** UTCTime until 2049, GeneralizedTime after it, as RFC 5280 wants it. Whole seconds. */
export function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-T:]|\.\d+/g, "")}`;
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? encode(TAG.utcTime, Buffer.from(text.slice(2)))
    : encode(TAG.generalizedTime, Buffer.from(text));
}

/** @throws DerError */
export function decode(bytes: Buffer, offset = 0): DerNode {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f)
    throw new DerError("bad tag");
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 4) throw new DerError("bad length");
    length = bytes.subarray(start, start + size).reduce((sum, byte) => sum * 256 + byte, 0);
    start += size;
  }
  if (start + length > bytes.length) throw new DerError("ends too early");
  return {
    tag,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(offset, start + length),
  };
}

/** The values that a constructed one holds. */
export function children(node: DerNode): DerNode[] {
  const parts: DerNode[] = [];
  for (let at = 0; at < node.content.length; ) {
    const part = decode(node.content, at);
    parts.push(part);
    at += part.whole.length;
  }
  return parts;
}

/** The n-th value that a constructed one holds. */
export function child(node: DerNode, index: number): DerNode {
  const part = children(node)[index];
  if (!part) throw new DerError("a part is missing");
  return part;
}

export function readOid(node: DerNode): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of node.content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const first = arcs.shift() ?? 0n;
  const top = first >= 80n ? 2n : first / 40n;
  return [top, first - top * 40n, ...arcs].join(".");
}

/** A whole number; also a negative one. */
export function readInteger(node: DerNode): bigint {
  const { content } = node;
  if (content.length === 0) return 0n;
  const value = BigInt(`0x${content.toString("hex")}`);
  return (content[0] ?? 0) >= 0x80 ? value - (1n << BigInt(content.length * 8)) : value;
}

/** Numbers of the bits that are set. */
export function readBits(node: DerNode): number[] {
  const bits: number[] = [];
  node.content.subarray(1).forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) bits.push(index * 8 + bit);
  });
  return bits;
}

/** A time as `20260131235959Z`. */
export function readTime(node: DerNode): string {
  const text = node.content.toString("latin1");
  if (node.tag === TAG.generalizedTime) return text;
  return `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}`;
}

/** Text of any of the string types. */
export function readText(node: DerNode): string {
  if (node.tag === 0x1e) return Buffer.from(node.content).swap16().toString("utf16le");
  return node.content.toString(node.tag === 0x14 ? "latin1" : "utf8");
}

/** The DER inside a PEM text; the first block whose label ends so. */
export function fromPem(pem: string, label: RegExp): Buffer | undefined {
  for (const [, name, body] of pem.matchAll(
    /-----BEGIN ([^-]+)-----\r?\n([\s\S]*?)-----END \1-----/g,
  )) {
    if (name !== undefined && body !== undefined && label.test(name))
      return Buffer.from(body.replace(/\s/g, ""), "base64");
  }
  return undefined;
}

export function toPem(der: Uint8Array, label: string): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
