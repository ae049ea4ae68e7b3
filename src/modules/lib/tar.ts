/**
 * Writes a tar stream of new files, directories and links for the target's `tar` to unpack: ustar
 * headers, GNU long names. @see https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
import { encodeText } from "./bytes.ts";

export interface TarEntry {
  /** Relative; directories without a final slash. */
  readonly name: string;
  readonly type: "file" | "directory" | "link";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly modified: number;
  readonly size: number;
  readonly target?: string;
}

const BLOCK = 512;
const TYPES = { file: "0", directory: "5", link: "2" } as const;

/** Header blocks of an entry, with blocks for long names before them. */
export function tarHeader(entry: TarEntry): Buffer {
  const name = encodeText(`./${entry.name}${entry.type === "directory" ? "/" : ""}`);
  const target = encodeText(entry.target ?? "");
  const blocks: Buffer[] = [];
  if (target.length > 100) blocks.push(longBlock("K", target));
  if (name.length > 100) blocks.push(longBlock("L", name));
  blocks.push(header(name, TYPES[entry.type], entry, target));
  return Buffer.concat(blocks);
}

/** Zeros that fill the last block of a content of this size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The end of an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

function longBlock(type: string, text: Buffer): Buffer {
  const body = Buffer.concat([text, Buffer.alloc(1)]);
  const size = body.length;
  const fields = { mode: 0o644, uid: 0, gid: 0, modified: 0, size };
  return Buffer.concat([
    header(Buffer.from("././@LongLink"), type, fields, Buffer.alloc(0)),
    body,
    tarPadding(size),
  ]);
}

function header(
  name: Buffer,
  type: string,
  entry: Pick<TarEntry, "mode" | "uid" | "gid" | "modified" | "size">,
  target: Buffer,
): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0, 0, Math.min(name.length, 100));
  number(block, 100, 8, entry.mode);
  number(block, 108, 8, entry.uid);
  number(block, 116, 8, entry.gid);
  number(block, 124, 12, entry.size);
  number(block, 136, 12, Math.max(0, Math.floor(entry.modified)));
  block.fill(" ", 148, 156);
  block.write(type, 156);
  target.copy(block, 157, 0, Math.min(target.length, 100));
  block.write("ustar  \0", 257, "latin1");
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Octal, or GNU's base 256 for what is too large. */
function number(block: Buffer, at: number, length: number, value: number): void {
  const text = value.toString(8);
  if (text.length < length) {
    block.write(`${text.padStart(length - 1, "0")}\0`, at, "latin1");
    return;
  }
  block[at] = 0x80;
  let rest = value;
  for (let index = at + length - 1; index > at; index--) {
    block[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
