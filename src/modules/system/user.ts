/** ansible.builtin.user: accounts of the target, by shadow's tools or busybox's. */

import { parsePasswd } from "../lib/accounts.ts";
import { flagOption, listOption, numberOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, parseSections, spoken } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { createScript, homeScript, modifyScript, removeScript } from "./accounts/commands.ts";
import { MINIMAL_TOOLS } from "./accounts/minimal.ts";
import { passwordWarning } from "./accounts/password.ts";
import { type Account, differences, UnknownGroup, type Wanted } from "./accounts/plan.ts";
import { parseAccount, reportAccount } from "./accounts/report.ts";
import { sshKeyScript } from "./accounts/ssh-key.ts";

export const spec = {
  name: "ansible.builtin.user",
  summary: "Manage user accounts",
  options: {
    name: {
      type: "str",
      required: true,
      aliases: ["user"],
      description: "Name of the user.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the account exists.",
    },
    uid: { type: "int", description: "The user's number." },
    non_unique: { type: "bool", default: false, description: "Allow a number that is taken." },
    group: { type: "str", description: "The primary group, by name or number." },
    groups: {
      type: "list",
      elements: "str",
      description: "Further groups. An empty list takes the user out of all of them.",
    },
    append: {
      type: "bool",
      default: false,
      description: "Add to the groups the user is in instead of replacing them.",
    },
    comment: { type: "str", description: "The comment (GECOS) field." },
    home: { type: "path", description: "The home directory." },
    create_home: {
      type: "bool",
      default: true,
      aliases: ["createhome"],
      description: "Create the home directory when it is missing.",
    },
    move_home: {
      type: "bool",
      default: false,
      description: "With `home`: move the directory from the old place.",
    },
    skeleton: { type: "str", description: "Directory that a new home starts from." },
    umask: { type: "str", description: "Umask of a new home directory." },
    shell: { type: "path", description: "The login shell." },
    system: { type: "bool", default: false, description: "Create a system account." },
    local: { type: "bool", default: false, description: "Use the tools for local accounts only." },
    password: { type: "str", noLog: true, description: "The hashed password." },
    update_password: {
      type: "str",
      default: "always",
      choices: ["always", "on_create"],
      description: "Whether an existing account gets the password.",
    },
    password_lock: { type: "bool", description: "Lock or unlock the password." },
    password_expire_max: { type: "int", description: "Most days between password changes." },
    password_expire_min: { type: "int", description: "Least days between password changes." },
    password_expire_warn: { type: "int", description: "Days of warning before it expires." },
    password_expire_account_disable: {
      type: "int",
      description: "Days after the password expired until the account is disabled.",
    },
    expires: {
      type: "float",
      description: "When the account expires, in seconds since 1970; negative: never.",
    },
    force: {
      type: "bool",
      default: false,
      description: "With `state: absent`: remove even if logged in. Overwrite an SSH key.",
    },
    remove: {
      type: "bool",
      default: false,
      description: "With `state: absent`: remove the home directory too.",
    },
    generate_ssh_key: { type: "bool", default: false, description: "Make an SSH key." },
    ssh_key_bits: { type: "int", description: "Bits of the SSH key." },
    ssh_key_type: { type: "str", default: "rsa", description: "Type of the SSH key." },
    ssh_key_file: { type: "path", description: "Path of the SSH key; relative to the home." },
    ssh_key_comment: {
      type: "str",
      default: "ansible-generated on $HOSTNAME",
      description: "Comment of the SSH key.",
    },
    ssh_key_passphrase: { type: "str", noLog: true, description: "Passphrase of the SSH key." },
    uid_min: { type: "int", description: "Least number for a new user." },
    uid_max: { type: "int", description: "Greatest number for a new user." },
    seuser: { type: "str", description: "SELinux user of the login." },
    login_class: { type: "str", description: "Login class.", noEffect: "BSD only" },
    hidden: { type: "bool", description: "Hide from the login window.", noEffect: "macOS only" },
    authorization: { type: "str", description: "Authorizations.", noEffect: "Solaris only" },
    profile: { type: "str", description: "Profiles.", noEffect: "Solaris only" },
    role: { type: "str", description: "Roles.", noEffect: "Solaris only" },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    name: "Name of the user.",
    state: "The state that was asked for.",
    uid: "The user's number.",
    group: "Number of the primary group.",
    groups: "The further groups that were asked for, separated by commas.",
    comment: "The comment field.",
    home: "The home directory.",
    shell: "The login shell.",
    append: "Whether groups were added to, when the user existed.",
    move_home: "Whether the home was to be moved, when the user existed.",
    create_home: "Whether a home was to be created, when the user is new.",
    system: "Whether a system account was asked for, when the user is new.",
    password: "A place holder, when a password was given.",
    ssh_fingerprint: "Fingerprint of the SSH key.",
    ssh_key_file: "Path of the SSH key.",
    ssh_public_key: "The public key.",
    force: "With `state: absent`: whether removal was forced.",
    remove: "With `state: absent`: whether the home was removed.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const wanted = wantedOf(args);
  const warnings: string[] = [];
  const warning = passwordWarning(wanted.password);
  if (warning) warnings.push(warning);
  if (wanted.append && wanted.groups === undefined) {
    warnings.push(
      "'append' is set, but no 'groups' are specified. Use 'groups' for appending new groups.This will change to an error in Ansible 2.14.",
    );
  }
  // `!` and `*` are no secrets: to hide them would garble every text that holds one.
  if (/[^!*]/.test(wanted.password ?? "")) context.secret(wanted.password ?? "");
  const secrets = (more: string) =>
    Buffer.from(
      `${wanted.password ?? ""}\n${textOption(args, "ssh_key_passphrase") ?? ""}\n${more}`,
    );
  const report = await context.sh(reportAccount(wanted, sshFile(args)), { stdin: secrets("") });
  const account = parseAccount(report.stdout, wanted.name);
  const head = { name: wanted.name, state: textOption(args, "state") ?? "present" };
  const tail = () => (warnings.length > 0 ? { warnings } : {});

  if (wanted.local && !account.tools.has("luseradd")) {
    return {
      failed: true,
      msg: `Failed to find required executable "luseradd" in paths: ${account.path}`,
      ...tail(),
    };
  }
  if (head.state === "absent") {
    if (!account.entry) return { changed: false, ...head, ...tail() };
    if (context.checkMode) return { changed: true, ...tail() };
    const force = flagOption(args, "force") === true;
    const remove = flagOption(args, "remove") === true;
    const done = await context.sh(
      `${account.tools.has("useradd") ? "" : MINIMAL_TOOLS}${removeScript(wanted, account, { force, remove })}`,
    );
    if (done.rc !== 0) return { failed: true, name: wanted.name, msg: errorOf(done), rc: done.rc };
    const said = spoken(done.stdout.toString(), errorOf(done));
    return { changed: true, ...head, force, remove, ...said, ...tail() };
  }

  let script: string;
  let changed: boolean;
  let extra: Record<string, boolean>;
  try {
    if (account.entry) {
      const plan = differences(wanted, account);
      script = modifyScript(wanted, account, plan);
      changed = script !== "";
      extra = { append: wanted.append, move_home: wanted.moveHome };
    } else {
      if (context.checkMode) return { changed: true, ...tail() };
      script = createScript(wanted, account);
      changed = true;
      extra = { system: wanted.system, create_home: wanted.createHome };
    }
  } catch (error) {
    if (!(error instanceof UnknownGroup)) throw error;
    return { failed: true, msg: error.message, ...tail() };
  }
  const home = homeScript(wanted, account);
  if (home !== "") changed = true;
  const sshKey = flagOption(args, "generate_ssh_key") === true;
  if (sshKey && account.sshKeyExists && flagOption(args, "force") !== true) {
    warnings.push(
      `Found existing ssh key private file "${account.sshKeyFile}", no force, so skipping ssh-keygen generation`,
    );
  } else if (sshKey) changed = true;
  if (context.checkMode || !(changed || sshKey)) {
    return {
      changed,
      ...head,
      ...extra,
      ...shown(account.entry, wanted),
      ...tail(),
    };
  }

  const done = await context.sh(
    [
      account.tools.has("useradd") ? "" : MINIMAL_TOOLS,
      "IFS= read -r lb_pw; IFS= read -r lb_phrase",
      script,
      home,
      sshKey ? sshKeyScript(wanted, account, args) : "",
      "printf '\\001passwd\\n'; cat /etc/passwd; printf '\\001group\\n'; cat /etc/group",
    ]
      .filter((part) => part !== "")
      .join("\n"),
    { stdin: secrets("") },
  );
  const parts = parseSections(done.stdout);
  if (done.rc !== 0) {
    return { failed: true, name: wanted.name, msg: errorOf(done), rc: done.rc, ...tail() };
  }
  const after = parsePasswd(parts.get("passwd")).find((entry) => entry.name === wanted.name);
  const entry = after ?? account.entry;
  if (!entry) return { failed: true, ...head, msg: "failed to look up user name", ...tail() };
  return {
    changed,
    ...head,
    ...extra,
    ...spoken(parts.get("") ?? "", errorOf(done)),
    ...shown(entry, wanted),
    ...(sshKey
      ? {
          ssh_fingerprint: (parts.get("fingerprint") ?? "").trim(),
          ssh_key_file: (parts.get("keyfile") ?? "").trim(),
          ssh_public_key: (parts.get("public") ?? "").trim(),
        }
      : {}),
    ...tail(),
  };
}

function shown(entry: Account["entry"], wanted: Wanted): Record<string, string | number> {
  return {
    ...(entry
      ? {
          uid: entry.uid,
          group: entry.gid,
          comment: entry.comment,
          home: entry.home,
          shell: entry.shell,
        }
      : {}),
    ...(wanted.groups === undefined ? {} : { groups: wanted.groups.join(",") }),
    ...(wanted.password === undefined ? {} : { password: "NOT_LOGGING_PASSWORD" }),
  };
}

/** The key's path as the user gave it, or Ansible's default name of it. */
function sshFile(args: Arguments): string | undefined {
  if (flagOption(args, "generate_ssh_key") !== true) return undefined;
  return textOption(args, "ssh_key_file") ?? `.ssh/id_${textOption(args, "ssh_key_type") ?? "rsa"}`;
}

function wantedOf(args: Arguments): Wanted {
  const groups = listOption(args, "groups");
  return {
    name: textOption(args, "name") ?? "",
    uid: numberOption(args, "uid"),
    uidMin: numberOption(args, "uid_min"),
    uidMax: numberOption(args, "uid_max"),
    nonUnique: flagOption(args, "non_unique") === true,
    group: textOption(args, "group"),
    groups: groups?.map((group) => group.trim()).filter((group) => group !== ""),
    append: flagOption(args, "append") === true,
    comment: textOption(args, "comment"),
    home: textOption(args, "home"),
    createHome: flagOption(args, "create_home") !== false,
    moveHome: flagOption(args, "move_home") === true,
    skeleton: textOption(args, "skeleton"),
    umask: textOption(args, "umask"),
    shell: textOption(args, "shell"),
    system: flagOption(args, "system") === true,
    local: flagOption(args, "local") === true,
    password: textOption(args, "password"),
    updatePassword: textOption(args, "update_password") !== "on_create",
    lock: flagOption(args, "password_lock"),
    passwordMax: numberOption(args, "password_expire_max"),
    passwordMin: numberOption(args, "password_expire_min"),
    passwordWarn: numberOption(args, "password_expire_warn"),
    passwordDisable: numberOption(args, "password_expire_account_disable"),
    expires: numberOption(args, "expires"),
    seuser: textOption(args, "seuser"),
  };
}
