/**
 * `community.general.htpasswd`. Hashes are made and checked here, so the target needs nothing.
 * @see https://docs.ansible.com/ansible/latest/collections/community/general/htpasswd_module.html
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { bcrypt } from "../../template/python/bcrypt.ts";
import { md5Crypt, randomSalt, sha2Crypt } from "../../template/python/crypt.ts";
import { ATTRIBUTE_OPTIONS } from "../lib/attributes.ts";
import { decodeBytes, encodeText } from "../lib/bytes.ts";
import { finishEdit, readTextFile } from "../lib/edit-file.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { apr1Crypt } from "./apr1.ts";

export const spec = {
  name: "community.general.htpasswd",
  summary: "Manages users in a password file of a web server",
  options: {
    path: { type: "path", required: true, aliases: ["dest", "destfile"], description: "The file." },
    name: { type: "str", required: true, aliases: ["username"], description: "The user." },
    password: { type: "str", noLog: true, description: "The password." },
    hash_scheme: {
      type: "str",
      default: "apr_md5_crypt",
      aliases: ["crypt_scheme"],
      description:
        "How it is stored: apr_md5_crypt, md5_crypt, sha256_crypt, sha512_crypt, bcrypt, ldap_sha1 or plaintext.",
    },
    state: {
      type: "str",
      choices: ["present", "absent"],
      default: "present",
      description: "Whether the user shall be there.",
    },
    create: { type: "bool", default: true, description: "Make the file if it is not there." },
    ...ATTRIBUTE_OPTIONS,
  },
  requiredIf: [["state", "present", ["password"]]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { msg: "What was done." },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const name = textOption(args, "name") ?? "";
    const password = textOption(args, "password") ?? "";
    const scheme = textOption(args, "hash_scheme") ?? "apr_md5_crypt";
    if (name.includes(":")) fail("invalid user name: it must not contain a colon");
    const file = await readTextFile(context, path);
    const isPresent = textOption(args, "state") !== "absent";
    if (!file.status) {
      if (!isPresent)
        return {
          msg: `${path} does not exist`,
          changed: false,
          warnings: [`${path} does not exist`],
        };
      if (!(flagOption(args, "create") ?? true)) fail(`Destination ${path} does not exist`);
    }
    const text = decodeBytes(file.bytes);
    const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
    const at = lines.findIndex((line) => line.startsWith(`${name}:`));
    let message = `${name} already present`;
    let next: string[] | undefined;
    if (!isPresent) {
      message = at < 0 ? `${name} not present` : `Remove ${name}`;
      if (at >= 0) next = lines.filter((_, index) => index !== at);
    } else if (at < 0) {
      message = file.status ? `Add ${name}` : `Create ${path}`;
      next = [...lines, `${name}:${hashOf(password, scheme)}`];
    } else if (!verifies(password, lines[at]?.slice(name.length + 1) ?? "")) {
      message = `Add ${name}`;
      next = lines.with(at, `${name}:${hashOf(password, scheme)}`);
    }
    const content = next && encodeText(next.length === 0 ? "" : `${next.join("\n")}\n`);
    const done = await finishEdit(context, args, { file, content, message });
    return { msg: done.msg, changed: done.changed };
  },
);

function hashOf(password: string, scheme: string): string {
  switch (scheme) {
    case "apr_md5_crypt":
    case "portable":
    case "portable_apache22":
    case "portable_apache24":
      return apr1Crypt(password, randomSalt(8));
    case "md5_crypt":
      return md5Crypt(password, randomSalt(8));
    case "sha256_crypt":
      return sha2Crypt("sha256", password, randomSalt(16), 5000);
    case "sha512_crypt":
    case "host":
    case "linux_apache24":
      return sha2Crypt("sha512", password, randomSalt(16), 5000);
    case "bcrypt":
      return bcrypt(password, bcryptSalt(), 12, "2y");
    case "ldap_sha1":
      return `{SHA}${createHash("sha1").update(password).digest("base64")}`;
    case "plaintext":
      return password;
    default:
      return fail(`hash_scheme ${scheme} is not supported`);
  }
}

function bcryptSalt(): string {
  const letters = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const text = [...randomBytes(21)].map((byte) => letters[byte % 64]).join("");
  // The last character has only two bits.
  return `${text}${".Oeu"[(randomBytes(1)[0] ?? 0) % 4]}`;
}

/** Is it the password behind the hash, whatever the scheme? */
function verifies(password: string, stored: string): boolean {
  const made = again(password, stored);
  const [a, b] = [Buffer.from(made), Buffer.from(stored)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function again(password: string, stored: string): string {
  const [, scheme = "", second = "", third = ""] = stored.split("$");
  if (stored.startsWith("$apr1$")) return apr1Crypt(password, second);
  if (stored.startsWith("$1$")) return md5Crypt(password, second);
  if (/^\$[56]\$/.test(stored)) {
    const rounds = /^rounds=(\d+)$/.exec(second)?.[1];
    const salt = rounds === undefined ? second : third;
    return sha2Crypt(
      scheme === "5" ? "sha256" : "sha512",
      password,
      salt,
      rounds === undefined ? 5000 : Number(rounds),
    );
  }
  if (/^\$2[aby]\$/.test(stored)) {
    return bcrypt(password, third.slice(0, 22), Number(second), scheme);
  }
  if (stored.startsWith("{SHA}"))
    return `{SHA}${createHash("sha1").update(password).digest("base64")}`;
  return password;
}
