/** Addresses and networks as general names hold them: 4 or 16 bytes, and as many for the mask. */
import { isIPv4, isIPv6 } from "node:net";

/** `undefined` for what is no address. */
export function bytesOfAddress(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split(".").map(Number));
  if (!isIPv6(text) || text.includes("%")) return undefined;
  let groups = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const hex = Buffer.from((dotted[2] ?? "").split(".").map(Number)).toString("hex");
    groups = `${dotted[1]}${hex.slice(0, 4)}:${hex.slice(4)}`;
  }
  const [left = "", right] = groups.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":"));
  const head = words(left);
  const tail = right === undefined ? [] : words(right);
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const all = right === undefined ? head : [...head, ...zeros, ...tail];
  return Buffer.from(all.map((word) => word.padStart(4, "0")).join(""), "hex");
}

/** `10.0.0.0/8`, or an address alone; its bytes and those of the mask. */
export function networkOf(text: string): Buffer | undefined {
  const [address = "", prefix] = text.split("/");
  const bytes = bytesOfAddress(address);
  if (!bytes) return undefined;
  if (prefix !== undefined && isIPv4(prefix) && bytes.length === 4)
    return Buffer.concat([bytes, Buffer.from(prefix.split(".").map(Number))]);
  const length = prefix === undefined ? bytes.length * 8 : Number(prefix);
  if (!Number.isInteger(length) || length < 0 || length > bytes.length * 8) return undefined;
  const mask = bytes.map(
    (_, index) => (0xff00 >> Math.min(8, Math.max(0, length - index * 8))) & 0xff,
  );
  return bytes.every((byte, index) => (byte & (mask[index] ?? 0)) === byte)
    ? Buffer.concat([bytes, mask])
    : undefined;
}

/** The text of an address (4 or 16 bytes) or a network (8 or 32). */
export function addressOf(bytes: Buffer): string {
  if (bytes.length === 8 || bytes.length === 32) {
    const half = bytes.length / 2;
    const bits = [...bytes.subarray(half)]
      .map((byte) => byte.toString(2).padStart(8, "0"))
      .join("");
    return `${addressOf(bytes.subarray(0, half))}/${bits.replace(/0+$/, "").length}`;
  }
  if (bytes.length === 4) return bytes.join(".");
  const words = (bytes.toString("hex").match(/.{4}/g) ?? []).map((word) =>
    Number.parseInt(word, 16).toString(16),
  );
  // The longest run of zeros, the first of equals, becomes `::`.
  let best = "";
  for (const [run] of words.join(":").matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)) {
    if (run.length > best.length) best = run;
  }
  const text = words.join(":");
  if (best === "") return text;
  const at = text.search(new RegExp(`(?<![0-9a-f])${best}(?![0-9a-f])`));
  return `${text.slice(0, at).replace(/:$/, "")}::${text.slice(at + best.length).replace(/^:/, "")}`;
}
