/**
 * `community.crypto.openssh_keypair`, by the target's ssh-keygen.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssh_keypair_module.html
 */
import { ATTRIBUTE_OPTIONS, applyAttributes, wantedAttributes } from "../lib/attributes.ts";
import { pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import { directoryOf, expandPaths } from "../lib/paths.ts";
import { Fields, readStatus } from "../lib/status.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.crypto.openssh_keypair",
  summary: "Makes a pair of SSH keys",
  options: {
    path: {
      type: "path",
      required: true,
      description: "The private key; `.pub` is added for the public one.",
    },
    type: {
      type: "str",
      default: "rsa",
      choices: ["rsa", "dsa", "rsa1", "ecdsa", "ed25519"],
      description: "Kind of key.",
    },
    size: { type: "int", description: "Length in bits." },
    comment: { type: "str", description: "Comment of the public key." },
    passphrase: { type: "str", noLog: true, description: "Passphrase of the private key." },
    private_key_format: {
      type: "str",
      default: "auto",
      choices: ["auto", "pkcs1", "pkcs8", "ssh"],
      description: "Format of the private key.",
    },
    backend: {
      type: "str",
      default: "auto",
      choices: ["auto", "cryptography", "opensshbin"],
      description: "What makes the keys.",
      noEffect: "ssh-keygen makes them.",
    },
    regenerate: {
      type: "str",
      default: "partial_idempotence",
      choices: ["never", "fail", "partial_idempotence", "full_idempotence", "always"],
      description: "When existing keys are replaced.",
    },
    force: { type: "bool", default: false, description: "Replace existing keys." },
    state: {
      type: "str",
      default: "present",
      choices: ["present", "absent"],
      description: "Whether the keys shall be there.",
    },
    ...ATTRIBUTE_OPTIONS,
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    filename: "The private key.",
    fingerprint: "Fingerprint of the key.",
    public_key: "The public key.",
    comment: "Its comment.",
    size: "Length in bits.",
    type: "Kind of key.",
  },
} as const satisfies ModuleSpec;

const SIZES: Readonly<Record<string, number>> = { rsa: 4096, dsa: 1024, ecdsa: 256, ed25519: 256 };

interface Pair {
  readonly size: number;
  readonly fingerprint: string;
  readonly comment: string;
  readonly type: string;
  readonly publicKey: string;
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const type = textOption(args, "type") ?? "rsa";
    const size = type === "ed25519" ? 256 : (numberOption(args, "size") ?? SIZES[type] ?? 0);
    if (type === "rsa1") fail("rsa1 keys are no longer supported by OpenSSH");
    if (textOption(args, "state") === "absent") return remove(context, path);
    const p = pathWord(path);
    const checks = await context.sh(
      `lb_have ssh-keygen || exit 81; [ -d ${pathWord(directoryOf(path))} ] || exit 82`,
    );
    if (checks.rc === 81) fail('Failed to find required executable "ssh-keygen" in paths');
    if (checks.rc === 82) {
      fail(`The directory ${directoryOf(path)} does not exist or the file is not a directory`, {
        name: directoryOf(path),
      });
    }
    const existing = await readStatus(context, path);
    const pair = existing ? await readPair(context, path) : undefined;
    const policy = flagOption(args, "force") ? "always" : (textOption(args, "regenerate") ?? "");
    const isRight = pair !== undefined && pair.size === size && pair.type === type;
    if (existing && !isRight && ["never", "fail"].includes(policy)) {
      if (policy === "fail") {
        fail(
          "Key has wrong type and/or size. Will not proceed. To force regeneration, call the module with `generate` set to `partial_idempotence`, `full_idempotence` or `always`, or with `force=true`.",
        );
      }
    }
    if (existing && !pair && policy === "partial_idempotence") {
      fail(
        "Unable to read the key. The key is protected with a passphrase or broken. Will not proceed. To force regeneration, call the module with `generate` set to `full_idempotence` or `always`, or with `force=true`.",
      );
    }
    const makes = !existing || policy === "always" || (!isRight && policy !== "never");
    let changed = makes;
    if (makes && !context.checkMode) await generate(context, args, path, type, size);
    const comment = textOption(args, "comment");
    if (!makes && comment !== undefined && pair && pair.comment !== comment) {
      changed = true;
      if (!context.checkMode) {
        const result = await context.sh(`ssh-keygen -q -c -C ${word(comment)} -f ${p} </dev/null`);
        if (result.rc !== 0)
          fail(`could not change the comment: ${result.stderr.toString().trim()}`);
      }
    }
    const status = await readStatus(context, path);
    if (status) {
      const wanted = wantedAttributes(args);
      if ((await applyAttributes(context, path, status, wanted)).changed) changed = true;
      const open = await readStatus(context, `${path}.pub`);
      const owner = { owner: wanted.owner, group: wanted.group };
      if (open && (await applyAttributes(context, `${path}.pub`, open, owner)).changed)
        changed = true;
    }
    const now = context.checkMode ? pair : await readPair(context, path);
    return {
      changed,
      filename: path,
      type: now?.type ?? type,
      size: now?.size ?? size,
      fingerprint: now?.fingerprint ?? "",
      public_key: now?.publicKey ?? "",
      comment: now?.comment ?? comment ?? "",
    };
  },
);

async function readPair(context: ModuleContext, path: string): Promise<Pair | undefined> {
  const p = pathWord(path);
  // The public key is made from the private one where it is missing or does not fit.
  const result = await context.sh(
    `ssh-keygen -l -f ${p}.pub 2>/dev/null || ssh-keygen -l -f ${p} </dev/null 2>/dev/null || exit 1
printf '\\0'; cat ${p}.pub 2>/dev/null || ssh-keygen -y -P '' -f ${p} 2>/dev/null`,
  );
  if (result.rc !== 0) return undefined;
  const fields = new Fields(result.stdout);
  const [, bits, fingerprint, , kind] =
    /^(\d+) (\S+) (.*) \((\S+)\)$/.exec(fields.text().trim()) ?? [];
  const [type = "", data = "", ...rest] = fields.rest().toString().trim().split(" ");
  if (bits === undefined || kind === undefined) return undefined;
  return {
    size: Number(bits),
    fingerprint: fingerprint ?? "",
    comment: rest.join(" "),
    type: kind.toLowerCase(),
    publicKey: `${type} ${data}`,
  };
}

async function generate(
  context: ModuleContext,
  args: Arguments,
  path: string,
  type: string,
  size: number,
): Promise<void> {
  const format = textOption(args, "private_key_format");
  const flags = format === "pkcs1" ? " -m PEM" : format === "pkcs8" ? " -m PKCS8" : "";
  const bits = type === "ed25519" ? "" : ` -b ${size}`;
  const p = pathWord(path);
  const begin = `ssh-keygen -q -t ${type}${bits}${flags} -C ${word(textOption(args, "comment") ?? "")} -f "$t"`;
  const passphrase = textOption(args, "passphrase");
  // Made beside, so that an interrupted run leaves the old pair. A passphrase comes by SSH_ASKPASS,
  // because -N would show it in the process list.
  const make =
    passphrase === undefined
      ? `${begin} -N '' </dev/null`
      : `printf '#!/bin/sh\\nprintf "%%s\\\\n" "$LB_PASS"\\n' >"$t.ask" && chmod 700 "$t.ask" && LB_PASS=${word(passphrase)} SSH_ASKPASS="$t.ask" SSH_ASKPASS_REQUIRE=force DISPLAY=:0 ${begin} </dev/null`;
  const result = await context.sh(
    `umask 077; t=${p}.lb-$$; { ${make}; } && rm -f "$t.ask" && mv -f "$t" ${p} && mv -f "$t.pub" ${p}.pub && chmod 644 ${p}.pub || { rm -f "$t" "$t.pub" "$t.ask"; exit 1; }`,
  );
  if (result.rc !== 0) fail(`ssh-keygen failed: ${result.stderr.toString().trim()}`);
}

async function remove(context: ModuleContext, path: string): Promise<ModuleResult> {
  const p = pathWord(path);
  const there = (await context.sh(`[ -e ${p} ] || [ -e ${p}.pub ]`)).rc === 0;
  if (there && !context.checkMode) {
    const result = await context.sh(`rm -f ${p} ${p}.pub`);
    if (result.rc !== 0) fail(result.stderr.toString().trim());
  }
  const empty: Record<string, Data> = {
    filename: path,
    fingerprint: "",
    public_key: "",
    comment: "",
  };
  return { changed: there, ...empty };
}
