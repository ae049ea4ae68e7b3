/** Small text files of the target: reading one, and replacing it in one rename. */
import { quote } from "../../connection/connection.ts";
import type { ModuleContext } from "../module.ts";
import { errorOf } from "./sections.ts";

/** The file's text, or `undefined` if there is no such file. */
export async function readText(context: ModuleContext, path: string): Promise<string | undefined> {
  const result = await context.sh(`[ -e ${quote(path)} ] || exit 44; cat ${quote(path)}`);
  if (result.rc === 44) return undefined;
  return result.stdout.toString("utf8");
}

/**
 * The script that puts its standard input in a file's place, by a rename: nobody sees half a file.
 * An existing file keeps its owner and mode.
 * @param mode octal; of a new file (default 0644), and of an existing one when given
 */
export function replaceFile(path: string, mode?: string): string {
  const target = quote(path);
  const temporary = quote(`${path}.layerbook`);
  const folder = quote(path.slice(0, path.lastIndexOf("/")) || "/");
  return `[ -d ${folder} ] || mkdir -p ${folder} || exit
if [ -e ${target} ]; then cp -p ${target} ${temporary}; else : >${temporary} && chmod ${mode ?? "0644"} ${temporary}; fi || exit
cat >${temporary} || { rm -f ${temporary}; exit 1; }
${mode === undefined ? "" : `chmod ${quote(mode)} ${temporary} || exit\n`}mv -f ${temporary} ${target}`;
}

/** Replaces a file. Throws nothing: returns what went wrong, or `undefined`. */
export async function writeText(
  context: ModuleContext,
  path: string,
  text: string,
  mode?: string,
): Promise<string | undefined> {
  const done = await context.sh(replaceFile(path, mode), { stdin: Buffer.from(text) });
  return done.rc === 0 ? undefined : errorOf(done).trim() || `cannot write ${path}`;
}

/** A mode argument (an int as YAML read `0644`, or text) as the octal text that chmod takes. */
export function modeText(mode: unknown): string | undefined {
  if (typeof mode === "number") return `0${mode.toString(8)}`;
  return typeof mode === "string" && mode !== "" ? mode : undefined;
}

/**
 * Shell function `lb_fetch URL FILE`: downloads with what the target has: curl, wget, apt's own
 * downloader, or Python.
 */
export const FETCH = `
lb_fetch() {
  if lb_have curl; then curl -fsSL --retry 2 -o "$2" "$1"
  elif lb_have wget; then wget -q -O "$2" "$1"
  elif [ -x /usr/lib/apt/apt-helper ]; then /usr/lib/apt/apt-helper download-file "$1" "$2" >/dev/null
  elif lb_have python3; then python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])' "$1" "$2"
  else echo "no program to download with (curl, wget or apt-helper)" >&2; return 1; fi
}
`;
