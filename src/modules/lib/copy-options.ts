/** Options that copy, template and assemble share. */
import type { OptionSpec } from "../module.ts";
import { ATTRIBUTE_OPTIONS } from "./attributes.ts";

export const COPY_OPTIONS = {
  dest: { type: "path", required: true, description: "Where the file goes in the target." },
  backup: { type: "bool", default: false, description: "Keep the file that is replaced." },
  force: {
    type: "bool",
    default: true,
    description: "Replace a file whose content differs; otherwise only new files are made.",
  },
  validate: {
    type: "str",
    description:
      "A command with `%s` for the file's name; it must succeed before it is put in place.",
  },
  ...ATTRIBUTE_OPTIONS,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const COPY_RETURNS = {
  dest: "Where the file is.",
  src: "Where it came from.",
  md5sum: "MD5 of the content.",
  checksum: "SHA-1 of the content.",
  backup_file: "Name of the copy of what was replaced.",
  uid: "Number of the owner.",
  gid: "Number of the group.",
  owner: "Name of the owner.",
  group: "Name of the group.",
  mode: "Permissions in octal.",
  state: "What stands there.",
  size: "Size in bytes.",
} as const;
