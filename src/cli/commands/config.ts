/** `layerbook config`: which settings count, and where they come from, as `ansible-config` shows it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type EngineSettings, type FoundSetting, loadSettings } from "../../engine/settings.ts";
import { meaninglessSettings } from "../../engine/settings-report.ts";
import { SETTINGS, type SettingSpec } from "../../engine/settings-table.ts";
import { type ExitCode, LayerbookError, messageOf, UsageError } from "../../errors/index.ts";
import { isFile } from "../../playbook/loader.ts";
import { openDisplay } from "../../report/display.ts";
import { plainJson, plainYaml } from "../../report/plain-data.ts";
import type { Value } from "../../values/model.ts";
import { fromJson, str } from "../../values/python.ts";
import { DEBUG, VERBOSE } from "../ansible-flags.ts";
import {
  ArgumentError,
  type Arguments,
  type FlagSpec,
  helpOf,
  type ProgramSpec,
  parseArguments,
} from "../arguments.ts";
import type { CommandContext } from "../command.ts";

export const summary = "show settings and where they come from";

const TYPES = [
  "all",
  "base",
  "become",
  "cache",
  "callback",
  "cliconf",
  "connection",
  "httpapi",
  "inventory",
  "lookup",
  "netconf",
  "shell",
  "vars",
] as const;

const COMMON: readonly FlagSpec[] = [
  VERBOSE,
  { names: ["-c", "--config"], value: "CONFIG_FILE", text: "the configuration file" },
  {
    names: ["-t", "--type"],
    value: "TYPE",
    choices: TYPES,
    text: "options of this kind of plugin",
  },
  DEBUG,
];

function format(...choices: readonly string[]): FlagSpec {
  return { names: ["--format", "-f"], value: "FORMAT", choices, text: choices.join(" or ") };
}

const ARGS = [{ name: "args", text: "one plugin of the type", many: true, optional: true }];

/** What each subcommand can be given. */
export const ACTIONS: Readonly<Record<string, ProgramSpec>> = {
  list: {
    summary: "Every setting, with its default and its names.",
    operands: ARGS,
    flags: [...COMMON, format("json", "yaml")],
  },
  dump: {
    summary: "The settings as they are now, each with where it comes from.",
    operands: ARGS,
    flags: [
      ...COMMON,
      { names: ["--only-changed", "--changed-only"], text: "only those that are not the default" },
      format("json", "yaml", "display"),
    ],
  },
  view: { summary: "The configuration file.", operands: ARGS, flags: COMMON },
  init: {
    summary: "A configuration file with every setting.",
    operands: ARGS,
    flags: [
      ...COMMON,
      format("ini", "env", "vars"),
      { names: ["--disabled"], text: "each line as a comment" },
    ],
  },
};

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const at = argv.findIndex((word) => !word.startsWith("-"));
  const name = argv[at];
  const chosen = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  const names = Object.keys(ACTIONS).join(",");
  const usage = `usage: ${context.program} [-h] {${names}} ...\n`;
  if (name === undefined && argv.some((word) => word === "-h" || word === "--help")) {
    process.stdout.write(`${usage}\nShows settings and where they come from.\n`);
    return 0;
  }
  if (name === undefined || !chosen) {
    throw new ArgumentError(
      name === undefined
        ? "the following arguments are required: action"
        : `argument action: invalid choice: '${name}' (choose from ${names})`,
      usage,
    );
  }
  const program = `${context.program} ${name}`;
  const args = parseArguments(chosen, [...argv.slice(0, at), ...argv.slice(at + 1)], program);
  if (!args) {
    process.stdout.write(helpOf(chosen, program));
    return 0;
  }
  const settings = settingsOf(args);
  const write = (text: string) => process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  switch (name) {
    case "list":
      write(listText(args));
      break;
    case "view":
      write(viewText(settings));
      break;
    case "init":
      write(initText(args));
      break;
    default:
      write(dumpText(args, settings));
      tellMeaningless(settings);
  }
  return 0;
}

function settingsOf(args: Arguments): EngineSettings {
  const file = args.text("config");
  if (file === undefined) return loadSettings();
  if (!isFile(file)) {
    throw new UsageError(
      `The provided configuration file is missing or not accessible: ${resolve(file)}`,
    );
  }
  if (!/\.(cfg|ini)$/.test(file)) {
    throw new LayerbookError(`Unsupported configuration file extension for ${file}`, {
      hint: "Its name ends in .cfg or .ini.",
    });
  }
  return loadSettings({ env: { ...process.env, ANSIBLE_CONFIG: resolve(file) } });
}

/** What the user has set in vain is said, on standard error: the list stays what it is. */
function tellMeaningless(settings: EngineSettings): void {
  const display = openDisplay(settings, 0);
  for (const { name, origin, why } of meaninglessSettings(settings)) {
    display.warn(`${name} (${origin}) has no meaning here: ${why}`);
  }
}

/** The settings of Ansible itself, or of the plugins of a type: `callback default` and so on. */
function groupsOf(args: Arguments): (readonly [plugin: string | undefined, names: string[]])[] {
  const type = args.text("type") ?? "base";
  const groups = new Map<string | undefined, string[]>();
  for (const [name, spec] of specs()) {
    const kind = spec.plugin?.split(" ")[0];
    const isWanted = type === "all" || (type === "base" ? kind === undefined : kind === type);
    const plugin = spec.plugin?.split(" ")[1];
    if (!isWanted || (args.operands.length > 0 && !args.operands.includes(plugin ?? ""))) continue;
    groups.set(plugin, [...(groups.get(plugin) ?? []), name]);
  }
  return [...groups];
}

function specs(): [string, SettingSpec][] {
  return Object.entries(SETTINGS as Readonly<Record<string, SettingSpec>>);
}

function listText(args: Arguments): string {
  const list: Record<string, unknown> = {};
  for (const [, names] of groupsOf(args)) {
    for (const [name, spec] of specs()) {
      if (!names.includes(name)) continue;
      list[name] = {
        default: spec.default ?? null,
        description: spec.summary,
        env: spec.env.map((variable) => ({ name: variable })),
        ini: spec.ini.map((key) => {
          const dot = key.indexOf(".");
          return { section: key.slice(0, dot), key: key.slice(dot + 1) };
        }),
        name: spec.summary,
        type: spec.type,
      };
    }
  }
  const value = fromJson(list);
  return args.text("format") === "json" ? plainJson(value) : plainYaml(value);
}

function dumpText(args: Arguments, settings: EngineSettings): string {
  const only = args.has("only-changed");
  const wanted = args.text("format") ?? "display";
  const lines: string[] = [];
  const entries: unknown[] = [];
  const { configFile } = settings;
  const type = args.text("type") ?? "base";
  if (type === "base" || type === "all") {
    if (!only || configFile !== undefined) {
      lines.push(`CONFIG_FILE() = ${configFile ?? "None"}`);
      entries.push({ name: "CONFIG_FILE", origin: "", type: null, value: configFile ?? null });
    }
  }
  for (const [plugin, names] of groupsOf(args)) {
    const rows = names
      .map((name) => settings.all.get(name as keyof typeof SETTINGS))
      .filter((found): found is FoundSetting => found !== undefined)
      .filter((found) => !only || found.origin !== "default");
    if (rows.length === 0) continue;
    if (plugin !== undefined) lines.push("", `${plugin}:`, "_".repeat(plugin.length));
    for (const { name, origin, value } of rows) {
      const shown = (value ?? null) as Value;
      lines.push(`${name}(${origin}) = ${str(shown)}`);
      entries.push({ name, origin, type: null, value: value ?? null });
    }
  }
  if (wanted === "json") return plainJson(fromJson(entries));
  return wanted === "yaml" ? plainYaml(fromJson(entries)) : lines.join("\n");
}

/** @throws LayerbookError when there is none */
function viewText(settings: EngineSettings): string {
  const { configFile } = settings;
  if (configFile === undefined) throw new LayerbookError("Invalid or no config file was supplied");
  try {
    return readFileSync(configFile, "utf8");
  } catch (error) {
    throw new LayerbookError(`Failed to open config file ${configFile}: ${messageOf(error)}`);
  }
}

function initText(args: Arguments): string {
  const wanted = args.text("format") ?? "ini";
  if (wanted === "vars") throw new UsageError("no setting here is a variable; use ini or env");
  const mark = args.has("disabled") ? (wanted === "env" ? "#" : ";") : "";
  const sections = new Map<string, string[]>();
  for (const [, names] of groupsOf(args)) {
    for (const [name, spec] of specs()) {
      if (!names.includes(name)) continue;
      const value = iniValue(spec);
      const [key] = wanted === "env" ? spec.env : spec.ini;
      if (key === undefined) continue;
      const dot = key.indexOf(".");
      const section = wanted === "env" ? "" : key.slice(0, dot);
      const word = wanted === "env" ? key : key.slice(dot + 1);
      const lines = sections.get(section) ?? [];
      lines.push(`# ${spec.summary}`, `${mark}${word}=${value}`, "");
      sections.set(section, lines);
    }
  }
  return [...sections]
    .map(([section, lines]) => [...(section === "" ? [] : [`[${section}]`]), ...lines].join("\n"))
    .join("\n");
}

function iniValue({ default: value, type }: SettingSpec): string {
  if (value === undefined) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return value.join(type === "pathlist" ? ":" : ", ");
  return String(value);
}
