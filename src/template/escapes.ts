/** The backslash escapes of Python's string literals. */

/** An escape that Python refuses. */
export class PythonEscapeError extends Error {}

const escapePattern =
  /\\(?:(\n)|x([0-9a-fA-F]{0,2})|u([0-9a-fA-F]{0,4})|U([0-9a-fA-F]{0,8})|N(\{[^}]*\})?|([0-7]{1,3})|([\s\S]))/g;

const simple: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The value of the inside of a string literal. Unknown escapes keep their backslash. */
export function pythonEscapes(text: string): string {
  return text.replace(
    escapePattern,
    (
      whole,
      newline,
      x?: string,
      u?: string,
      wide?: string,
      named?: string,
      octal?: string,
      other?: string,
    ) => {
      if (newline !== undefined) return "";
      if (x !== undefined) return codePoint(x, 2, whole);
      if (u !== undefined) return codePoint(u, 4, whole);
      if (wide !== undefined) return codePoint(wide, 8, whole);
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (other !== undefined) return simple[other] ?? whole;
      throw new PythonEscapeError(
        `character names are not supported in string literals: ${whole}${named ?? ""}`,
      );
    },
  );
}

function codePoint(digits: string, length: number, whole: string): string {
  if (digits.length !== length) {
    throw new PythonEscapeError(
      `(unicode error) 'unicodeescape' codec can't decode bytes: truncated ${whole.slice(0, 2)}${"X".repeat(length)} escape`,
    );
  }
  const code = Number.parseInt(digits, 16);
  if (code > 0x10ffff) {
    throw new PythonEscapeError(
      "(unicode error) 'unicodeescape' codec can't decode bytes: illegal Unicode character",
    );
  }
  return String.fromCodePoint(code);
}
