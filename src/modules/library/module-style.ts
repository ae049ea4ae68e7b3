/**
 * How a module takes its arguments, told from its code.
 * @see https://docs.ansible.com/ansible/latest/dev_guide/developing_program_flow_modules.html#types-of-modules
 */

export type ModuleStyle =
  /** Python that imports `ansible.module_utils`: packed by ansible-core with its arguments in it. */
  | "python"
  /** Holds a marker where its arguments belong, as JSON. */
  | "json-args"
  /** Reads a file of JSON that its first argument names. */
  | "want-json"
  /** An executable; reads JSON as those do. */
  | "binary"
  /** Reads a file of `key=value` that its first argument names. */
  | "key-value"
  | "powershell";

const COMMON = "#<<INCLUDE_ANSIBLE_MODULE_COMMON>>";
export const JSON_ARGS = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>";
const IMPORTS_UTILITIES =
  /^\s*(?:from\s+ansible(?:\.module_utils|_collections\.\w+\.\w+\.plugins\.module_utils)[\w.]*\s+import|from\s+ansible\s+import\s+module_utils|from\s+\.[\w.]*module_utils[\w.]*\s+import|import\s+ansible(?:\.module_utils|_collections\.\w+\.\w+\.plugins\.module_utils))/m;

export function moduleStyle(code: Buffer): ModuleStyle {
  if (isBinary(code)) return "binary";
  const text = code.toString("latin1");
  if (text.includes(COMMON) || IMPORTS_UTILITIES.test(text)) return "python";
  if (/^#(?:Requires -(?:Module|Version)|AnsibleRequires)|^# POWERSHELL_COMMON/im.test(text)) {
    return "powershell";
  }
  if (text.includes(JSON_ARGS)) return "json-args";
  return text.includes("WANT_JSON") ? "want-json" : "key-value";
}

/** Bytes that no text has, in its first kilobyte. */
function isBinary(code: Buffer): boolean {
  return code
    .subarray(0, 1024)
    .some((byte) => byte < 32 && !(byte >= 7 && byte <= 10) && ![12, 13, 27].includes(byte));
}

/** Program and arguments of a script's first line; `undefined` when it has none. */
export function shebang(
  code: Buffer,
): { readonly interpreter: string; readonly args: string } | undefined {
  const line = code.subarray(0, 512).toString("utf8").split("\n", 1)[0] ?? "";
  const match = /^#!\s*(\S+)\s*(.*?)\s*$/.exec(line);
  return match?.[1] ? { interpreter: match[1], args: match[2] ?? "" } : undefined;
}
