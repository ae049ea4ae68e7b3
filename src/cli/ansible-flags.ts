/** Flags that Ansible's programs share, as data: parsing, help and the compatibility table use them. */
import type { FlagSpec } from "./arguments.ts";

export const VERBOSE: FlagSpec = {
  names: ["-v", "--verbose"],
  repeats: true,
  text: "more detail: -v to -vvvvvv",
};

export const DEBUG: FlagSpec = { names: ["--debug"], text: "stack traces of errors" };

export const VAULT_FLAGS: readonly FlagSpec[] = [
  {
    names: ["--vault-id"],
    value: "VAULT_IDS",
    repeats: true,
    text: "a vault identity: label@source",
  },
  {
    names: ["-J", "--ask-vault-password", "--ask-vault-pass"],
    text: "ask for the vault's password",
    excludes: "vault-password",
  },
  {
    names: ["--vault-password-file", "--vault-pass-file"],
    value: "VAULT_PASSWORD_FILES",
    repeats: true,
    text: "file or program that gives the vault's password",
    excludes: "vault-password",
  },
];

export const INVENTORY: FlagSpec = {
  names: ["-i", "--inventory", "--inventory-file"],
  value: "INVENTORY",
  repeats: true,
  text: "inventory: a file, a folder, or hosts with a comma",
};

export const EXTRA_VARS: FlagSpec = {
  names: ["-e", "--extra-vars"],
  value: "EXTRA_VARS",
  repeats: true,
  text: "variables: key=value, YAML, JSON, or @file",
};

export const PLAYBOOK_DIR: FlagSpec = {
  names: ["--playbook-dir"],
  value: "BASEDIR",
  text: "folder whose roles, group_vars and the like count, as if the playbook were there",
};

export const INVENTORY_FLAGS: readonly FlagSpec[] = [
  INVENTORY,
  { names: ["--list-hosts"], text: "list the hosts that match; run nothing" },
  {
    names: ["-l", "--limit"],
    value: "SUBSET",
    repeats: true,
    text: "only hosts that this pattern, or @file, names too",
  },
];

export const CONNECTION_FLAGS: readonly FlagSpec[] = [
  {
    names: ["--private-key", "--key-file"],
    value: "PRIVATE_KEY_FILE",
    text: "key to log in with",
  },
  { names: ["-u", "--user"], value: "REMOTE_USER", text: "user to log in as" },
  { names: ["-c", "--connection"], value: "CONNECTION", text: "ssh, docker or local" },
  { names: ["-T", "--timeout"], value: "TIMEOUT", type: "int", text: "seconds for connecting" },
  { names: ["--ssh-common-args"], value: "SSH_COMMON_ARGS", text: "arguments of ssh and sftp" },
  {
    names: ["--sftp-extra-args"],
    value: "SFTP_EXTRA_ARGS",
    text: "arguments of sftp",
    refused: "files go through the shell of the connection; give --ssh-extra-args",
  },
  {
    names: ["--scp-extra-args"],
    value: "SCP_EXTRA_ARGS",
    text: "arguments of scp",
    refused: "files go through the shell of the connection; give --ssh-extra-args",
  },
  { names: ["--ssh-extra-args"], value: "SSH_EXTRA_ARGS", text: "arguments of ssh" },
  {
    names: ["-k", "--ask-pass"],
    text: "ask for the connection's password",
    excludes: "connection-password",
  },
  {
    names: ["--connection-password-file", "--conn-pass-file"],
    value: "CONNECTION_PASSWORD_FILE",
    text: "file with the connection's password",
    excludes: "connection-password",
  },
];

export const BECOME_FLAGS: readonly FlagSpec[] = [
  { names: ["-b", "--become"], text: "become another user" },
  { names: ["--become-method"], value: "BECOME_METHOD", text: "sudo, su, doas, runuser, ..." },
  { names: ["--become-user"], value: "BECOME_USER", text: "the user to become; default: root" },
  {
    names: ["-K", "--ask-become-pass"],
    text: "ask for the password of becoming",
    excludes: "become-password",
  },
  {
    names: ["--become-password-file", "--become-pass-file"],
    value: "BECOME_PASSWORD_FILE",
    text: "file with the password of becoming",
    excludes: "become-password",
  },
];

export const RUN_FLAGS: readonly FlagSpec[] = [
  { names: ["-C", "--check"], text: "change nothing, tell what would change" },
  { names: ["-D", "--diff"], text: "show what changes in files" },
  {
    names: ["-f", "--forks"],
    value: "FORKS",
    type: "int",
    text: "how many hosts are served at once; default: 5",
  },
  {
    names: ["-M", "--module-path"],
    value: "MODULE_PATH",
    repeats: true,
    text: "folders in which further modules are looked for, with colons",
  },
];
