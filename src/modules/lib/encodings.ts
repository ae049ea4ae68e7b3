/** Python's names of character encodings. */
import { decodeBytes, encodeText } from "./bytes.ts";
import { fail } from "./failure.ts";

const NAMES: Readonly<
  Record<string, "utf8" | "latin1" | "ascii" | "utf16le" | "utf16be" | "utf16" | "utf8bom">
> = {
  utf8: "utf8",
  u8: "utf8",
  utf8sig: "utf8bom",
  latin1: "latin1",
  iso88591: "latin1",
  l1: "latin1",
  ascii: "ascii",
  usascii: "ascii",
  utf16: "utf16",
  utf16le: "utf16le",
  utf16be: "utf16be",
};

function known(encoding: string) {
  return (
    NAMES[encoding.toLowerCase().replace(/[-_ ]/g, "")] ??
    fail(`the encoding ${encoding} is not supported: use utf-8, utf-16, latin-1 or ascii`)
  );
}

/** Bytes of a text in an encoding. @throws ModuleFailure for characters that it does not have */
export function encodeAs(text: string, encoding: string): Buffer {
  const name = known(encoding);
  switch (name) {
    case "utf8":
      return encodeText(text);
    case "utf8bom":
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), encodeText(text)]);
    case "utf16le":
      return Buffer.from(text, "utf16le");
    case "utf16be":
      return Buffer.from(text, "utf16le").swap16();
    case "utf16":
      return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);
    default: {
      const limit = name === "ascii" ? 0x7f : 0xff;
      for (const character of text) {
        if ((character.codePointAt(0) ?? 0) > limit) {
          fail(`'${encoding}' codec can't encode character ${JSON.stringify(character)}`);
        }
      }
      return Buffer.from(text, "latin1");
    }
  }
}

/** Text of bytes in an encoding. */
export function decodeAs(bytes: Buffer, encoding: string): string {
  switch (known(encoding)) {
    case "utf8":
    case "ascii":
      return decodeBytes(bytes);
    case "utf8bom":
      return decodeBytes(bytes[0] === 0xef ? bytes.subarray(3) : bytes);
    case "latin1":
      return bytes.toString("latin1");
    case "utf16be":
      return Buffer.from(bytes).swap16().toString("utf16le");
    case "utf16le":
      return bytes.toString("utf16le");
    case "utf16": {
      const big = bytes[0] === 0xfe && bytes[1] === 0xff;
      const marked = big || (bytes[0] === 0xff && bytes[1] === 0xfe);
      const body = Buffer.from(marked ? bytes.subarray(2) : bytes);
      return (big ? body.swap16() : body).toString("utf16le");
    }
  }
}
