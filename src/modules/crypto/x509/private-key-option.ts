/** The private key that an argument names: a file of the target, or its content. */
import type { KeyObject } from "node:crypto";
import { fail } from "../../lib/failure.ts";
import { textOption } from "../../lib/option-values.ts";
import type { Arguments, ModuleContext } from "../../module.ts";
import { readPrivateKey } from "./keys.ts";
import { readFile } from "./managed-file.ts";

/**
 * @param prefix of the three options: `privatekey`, `ownca_privatekey`
 * @param missing the message for a file that is not there
 * @throws ModuleFailure for a key that cannot be read
 */
export async function privateKeyOption(
  context: ModuleContext,
  args: Arguments,
  prefix: string,
  missing: (path: string) => string,
): Promise<KeyObject> {
  const content = textOption(args, `${prefix}_content`);
  const path = textOption(args, `${prefix}_path`) ?? "";
  const passphrase = textOption(args, `${prefix}_passphrase`);
  const bytes =
    content === undefined ? await readFile(context, path) : Buffer.from(content, "utf8");
  if (!bytes) return fail(missing(path));
  return readPrivateKey(bytes, passphrase) ?? fail("Wrong passphrase provided for private key");
}
