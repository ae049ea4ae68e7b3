/** Making directories. */
import type { ModuleContext } from "../module.ts";
import { attributeFailure, type WantedAttributes } from "./attributes.ts";
import { pathWord, word } from "./bytes.ts";
import { osError } from "./errno.ts";
import { fail } from "./failure.ts";
import { octal, resolveMode } from "./mode.ts";
import { directoryOf } from "./paths.ts";
import { Fields, type Status } from "./status.ts";

/**
 * Makes a directory and all that leads to it; every one made gets the owner and mode that are
 * wanted, as the original does it.
 * @throws ModuleFailure
 */
export async function makeDirectories(
  context: ModuleContext,
  path: string,
  wanted: WantedAttributes,
): Promise<{
  readonly status: Status;
  readonly before: Record<string, string>;
  readonly after: Record<string, string>;
}> {
  const mode = wanted.mode === undefined ? 0o755 : resolveMode(wanted.mode, 0o755, true);
  const owner = wanted.owner === "root" ? "" : (wanted.owner ?? "");
  const group = wanted.group === "root" ? "" : wanted.group;
  const account = owner || group ? `${owner}${group ? `:${group}` : ""}` : undefined;
  const clean = path.replace(/\/+$/, "") || "/";
  const chain: string[] = [];
  for (let at = clean; at !== "/" && at !== "."; at = directoryOf(at)) chain.unshift(at);
  // Usually only the last one is missing: that is one mkdir. A link to nothing fails there.
  const settleNew = `${account ? `chown ${word(account)} "$p" || exit 22\n` : ""}${
    mode & 0o7000 || (account && mode & 0o6000) ? `chmod ${mode.toString(8)} "$p" || exit 23\n` : ""
  }`;
  const script = `mk() {
p=$1
[ -e "$p" ] && return
mkdir ${mode === 0o755 ? "" : `-m ${mode.toString(8)} `}"$p" || exit 21
${settleNew}}
${
  chain.length > 1
    ? `[ -d ${pathWord(directoryOf(clean))} ] || { ${chain
        .slice(0, -1)
        .map((p) => `mk ${pathWord(p)}`)
        .join("; ")}; }\n`
    : ""
}mk ${pathWord(clean)}
lb_st "$p"`;
  const result = await context.sh(script);
  if (result.rc === 22 || result.rc === 23) {
    attributeFailure(path, undefined, result.rc, result.stderr, wanted.owner, wanted.group);
  }
  if (result.rc !== 0) {
    return fail(
      `There was an issue creating ${path} as requested: ${osError(result.stderr, path)}`,
      { path },
    );
  }
  const status = new Fields(result.stdout).status();
  if (!status) return fail(`${path} was made and is gone again`, { path });
  return mode === 0o755
    ? { status, before: {}, after: {} }
    : { status, before: { mode: "0755" }, after: { mode: octal(mode) } };
}
