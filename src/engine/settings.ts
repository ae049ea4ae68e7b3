/**
 * Finds the settings: environment first, then the one `ansible.cfg` that counts, then the default.
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/config.html#the-configuration-file
 */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { LayerbookError } from "../errors/index.ts";
import { isFile } from "../playbook/loader.ts";
import { SETTINGS, type SettingName, type SettingSpec } from "./settings-table.ts";

export type SettingValue = boolean | number | string | readonly string[] | undefined;

export interface FoundSetting {
  readonly name: SettingName;
  readonly value: SettingValue;
  /** `default`, `env: NAME`, or the path of the configuration file. */
  readonly origin: string;
}

export interface EngineSettings {
  /** The configuration file in use. */
  readonly configFile: string | undefined;
  /** The environment that they were read from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Everything with its origin, in the order of the table. */
  readonly all: ReadonlyMap<SettingName, FoundSetting>;
  /** Keys of ansible.cfg that have no meaning here: `section.key`. */
  readonly unknown: readonly string[];
  /** Something other than the default gives it its value. */
  isSet(name: SettingName): boolean;
  bool(name: SettingName): boolean;
  number(name: SettingName): number | undefined;
  text(name: SettingName): string | undefined;
  list(name: SettingName): readonly string[];
}

export interface SettingsOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly directory?: string;
  readonly warn?: (message: string) => void;
  /** What flags of the command line say; stronger than the environment. */
  readonly overrides?: SettingOverrides;
}

export type SettingOverrides = Partial<Readonly<Record<SettingName, SettingValue>>>;

/** @throws LayerbookError when the file or a value in it cannot be read */
export function loadSettings(options: SettingsOptions = {}): EngineSettings {
  const env = options.env ?? process.env;
  const directory = options.directory ?? process.cwd();
  const configFile = findConfigFile(env, directory, options.warn);
  const values = configFile === undefined ? new Map<string, string>() : readIni(configFile);
  const all = new Map<SettingName, FoundSetting>();
  const used = new Set<string>();
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const spec: SettingSpec = SETTINGS[name];
    for (const key of spec.ini) used.add(key);
    const override = options.overrides?.[name];
    all.set(
      name,
      override === undefined
        ? findSetting(name, spec, env, values, configFile, directory)
        : { name, value: override, origin: "command line" },
    );
  }
  const get = (name: SettingName) => all.get(name)?.value;
  return {
    configFile,
    env,
    all,
    unknown: [...values.keys()].filter((key) => !used.has(key)),
    isSet: (name) => all.get(name)?.origin !== "default",
    bool: (name) => get(name) === true,
    number: (name) => {
      const value = get(name);
      return typeof value === "number" ? value : undefined;
    },
    text: (name) => {
      const value = get(name);
      return typeof value === "string" ? value : undefined;
    },
    list: (name) => {
      const value = get(name);
      return Array.isArray(value) ? (value as readonly string[]) : [];
    },
  };
}

function findConfigFile(
  env: Readonly<Record<string, string | undefined>>,
  directory: string,
  warn: SettingsOptions["warn"],
): string | undefined {
  const given = env.ANSIBLE_CONFIG;
  if (given !== undefined && given !== "") {
    const path = expand(given, env, directory);
    const file = isFile(path) ? path : join(path, "ansible.cfg");
    if (isFile(file)) return file;
  }
  const here = join(directory, "ansible.cfg");
  if (isFile(here)) {
    // Anyone could have put a file there, and settings can name programs to run.
    if ((statSync(directory).mode & 0o002) === 0) return here;
    warn?.(
      `Ansible is being run in a world writable directory (${directory}), ignoring it as an ansible.cfg source.`,
    );
  }
  const others = [join(env.HOME ?? homedir(), ".ansible.cfg"), "/etc/ansible/ansible.cfg"];
  return others.find(isFile);
}

/** One setting: its variable, else its key in the file, else its default. */
export function findSetting<Name extends string>(
  name: Name,
  spec: SettingSpec,
  env: Readonly<Record<string, string | undefined>>,
  ini: ReadonlyMap<string, string>,
  configFile: string | undefined,
  directory: string,
): { readonly name: Name; readonly value: SettingValue; readonly origin: string } {
  for (const variable of spec.env) {
    const text = env[variable];
    if (text !== undefined) {
      const value = parse(name, spec, text, env, directory, `the variable ${variable}`);
      return { name, value, origin: `env: ${variable}` };
    }
  }
  for (const key of spec.ini) {
    const text = ini.get(key);
    if (text !== undefined && configFile !== undefined) {
      const base = dirname(configFile);
      const value = parse(name, spec, text, env, base, `'${key}' in ${configFile}`);
      return { name, value, origin: configFile };
    }
  }
  const fallback = spec.default;
  if (spec.type === "pathlist" && Array.isArray(fallback)) {
    const paths = (fallback as readonly string[]).map((path) => expand(path, env, directory));
    return { name, value: paths, origin: "default" };
  }
  if (spec.type === "path" && typeof fallback === "string") {
    return { name, value: expand(fallback, env, directory), origin: "default" };
  }
  return { name, value: fallback, origin: "default" };
}

function parse(
  name: string,
  spec: SettingSpec,
  raw: string,
  env: Readonly<Record<string, string | undefined>>,
  base: string,
  place: string,
): SettingValue {
  const text = raw.trim();
  const fail = (expected: string) =>
    new LayerbookError(`Invalid value '${text}' for the setting ${name}: ${expected} is expected`, {
      hint: `Look at ${place}.`,
      exitCode: 5,
    });
  switch (spec.type) {
    case "bool":
      if (/^(y|yes|on|1|true|t)$/i.test(text)) return true;
      // NO_COLOR counts whatever it holds.
      if (/^(n|no|off|0|false|f|)$/i.test(text)) return false;
      if (spec.env.includes("NO_COLOR")) return true;
      throw fail("a boolean");
    case "int":
      if (!/^[+-]?\d+$/.test(text)) throw fail("a whole number");
      return Number(text);
    case "float":
      if (text === "" || Number.isNaN(Number(text))) throw fail("a number");
      return Number(text);
    case "list":
      return splitList(text, ",");
    case "path":
      return text === "" ? undefined : expand(text, env, base);
    case "pathlist":
      return text
        .split(/[:,]/)
        .map((part) => part.trim())
        .filter((part) => part !== "")
        .map((part) => expandSource(part, text, env, base));
    default:
      return text;
  }
}

function splitList(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** A comma in an inventory makes it a list of hosts, which is no path. */
function expandSource(
  part: string,
  whole: string,
  env: Readonly<Record<string, string | undefined>>,
  base: string,
): string {
  return whole.endsWith(",") ? `${part},` : expand(part, env, base);
}

function expand(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  base: string,
): string {
  const home = env.HOME ?? homedir();
  const replaced = path
    .replace(/^~(?=\/|$)/, home)
    .replace(/^\{\{\s*ANSIBLE_HOME\s*\}\}/, env.ANSIBLE_HOME ?? join(home, ".ansible"))
    .replaceAll("{{CWD}}", process.cwd())
    .replace(/\$(\w+)|\$\{(\w+)\}/g, (all, a, b) => env[a ?? b] ?? all);
  return isAbsolute(replaced) ? replaced : resolve(base, replaced);
}

/** `section.key` to value, as Python's configparser reads an ansible.cfg. */
export function readIni(path: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = "";
  let last: string | undefined;
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (/^\s*[#;]/.test(line) || line.trim() === "") continue;
    const header = /^\[([^\]]+)\]/.exec(line);
    if (header?.[1] !== undefined) {
      section = header[1].trim();
      last = undefined;
      continue;
    }
    if (/^\s/.test(line) && last !== undefined) {
      values.set(last, `${values.get(last) ?? ""}\n${stripComment(line).trim()}`);
      continue;
    }
    const pair = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line);
    if (!pair?.[1] || section === "") {
      throw new LayerbookError(`cannot read the configuration file`, {
        position: { file: path, line: index + 1, column: 1 },
        hint: "A line is '[section]' or 'key = value'.",
      });
    }
    last = `${section}.${pair[1].toLowerCase()}`;
    values.set(last, stripComment(pair[2] ?? "").trim());
  }
  return values;
}

function stripComment(text: string): string {
  return text.replace(/\s;.*$/, "");
}
