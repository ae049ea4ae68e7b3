/** The names under which Layerbook stands in for Ansible's own programs, and their `--version`. */
import { basename } from "node:path";
import type { EngineSettings } from "../engine/settings.ts";

declare const LAYERBOOK_VERSION: string;

/** The version of ansible-core whose language is understood. */
const DIALECT = "2.18.0";

/** Ansible's programs, and the command that each of them is. */
export const DROP_INS: Readonly<Record<string, string>> = {
  ansible: "run",
  "ansible-playbook": "play",
  "ansible-inventory": "inventory",
  "ansible-vault": "vault",
  "ansible-config": "config",
  "ansible-doc": "doc",
};

/** @param path how the process was started: the link's own path */
export function dropInName(path: string | undefined): string | undefined {
  const name = basename(path ?? "");
  return Object.hasOwn(DROP_INS, name) ? name : undefined;
}

/** The lines of `ansible --version`, which scripts take apart. */
export function versionText(program: string, path: string, settings: EngineSettings): string {
  return [
    `${program} [core ${DIALECT}]`,
    `  config file = ${settings.configFile ?? "None"}`,
    `  configured module search path = [${settings
      .list("DEFAULT_MODULE_PATH")
      .map((folder) => `'${folder}'`)
      .join(", ")}]`,
    `  ansible python module location = none: this is layerbook ${LAYERBOOK_VERSION}`,
    `  ansible collection location = ${settings.list("COLLECTIONS_PATHS").join(":")}`,
    `  executable location = ${path}`,
    `  node version = ${process.versions.node} (${process.execPath})`,
    "",
  ].join("\n");
}
