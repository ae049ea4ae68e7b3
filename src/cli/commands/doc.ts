/** `layerbook doc`: what modules take and return, and what else there is, as `ansible-doc` shows it. */
import { type ExitCode, LayerbookError, UsageError } from "../../errors/index.ts";
import { nearest } from "../../errors/nearest.ts";
import { findModule, loadModule, unknownModule } from "../../modules/registry.ts";
import { KEYWORDS } from "../../playbook/keywords.ts";
import { moduleData, moduleText, snippetText } from "../../report/module-doc.ts";
import { plainJson } from "../../report/plain-data.ts";
import { fromJson } from "../../values/python.ts";
import { DEBUG, PLAYBOOK_DIR, VERBOSE } from "../ansible-flags.ts";
import { type Arguments, helpOf, type ProgramSpec, parseArguments } from "../arguments.ts";
import { CATALOGUE, type CatalogueEntry } from "../catalogue.ts";
import type { CommandContext } from "../command.ts";

export const summary = "show what modules take and return";

const TYPES = [
  "module",
  "filter",
  "test",
  "lookup",
  "keyword",
  "connection",
  "become",
  "callback",
  "strategy",
  "inventory",
] as const;

const FROM_DATA = "documentation is made from Layerbook's own data, not from files";

export const program: ProgramSpec = {
  summary: "Shows what modules take and return, and lists what else there is.",
  operands: [{ name: "plugin", text: "modules, or names of the type", many: true, optional: true }],
  flags: [
    VERBOSE,
    {
      names: ["-t", "--type"],
      value: "TYPE",
      choices: TYPES,
      text: `of what: ${TYPES.join(", ")}`,
    },
    { names: ["-l", "--list"], text: "list all; a name limits it to a collection" },
    { names: ["-s", "--snippet"], text: "a task to begin with" },
    { names: ["-j", "--json"], text: "JSON in place of text" },
    {
      names: ["-M", "--module-path"],
      value: "MODULE_PATH",
      text: "folders with further modules",
      refused: FROM_DATA,
    },
    { ...PLAYBOOK_DIR, refused: FROM_DATA },
    { names: ["-F", "--list_files"], text: "names of the files", refused: FROM_DATA },
    {
      names: ["-r", "--roles-path"],
      value: "ROLES_PATH",
      text: "folders of roles",
      refused: FROM_DATA,
    },
    {
      names: ["-e", "--entry-point"],
      value: "ENTRY_POINT",
      text: "entry point of a role",
      refused: FROM_DATA,
    },
    {
      names: ["--metadata-dump"],
      text: "internal to Ansible",
      refused: "it is internal to Ansible",
    },
    {
      names: ["--no-fail-on-errors"],
      text: "internal to Ansible",
      refused: "it is internal to Ansible",
    },
    DEBUG,
  ],
};

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const args = parseArguments(program, argv, context.program);
  if (!args) {
    process.stdout.write(helpOf(program, context.program));
    return 0;
  }
  const type = args.text("type") ?? "module";
  const entries = (await CATALOGUE[type]?.()) ?? [];
  if (args.has("list")) process.stdout.write(listText(entries, args));
  else if (args.operands.length === 0) throw new UsageError("Incorrect options passed");
  else if (type === "module") process.stdout.write(await modulesText(args));
  else process.stdout.write(othersText(type, entries, args));
  return 0;
}

/** One line each, as wide as the longest name. */
function listText(all: readonly CatalogueEntry[], args: Arguments): string {
  const [only] = args.operands;
  const entries = [...all]
    .filter(({ name }) => only === undefined || name === only || name.startsWith(`${only}.`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (args.has("json")) {
    const list = Object.fromEntries(entries.map(({ name, summary: text }) => [name, text]));
    return `${plainJson(fromJson(list))}\n`;
  }
  const width = Math.max(0, ...entries.map(({ name }) => name.length));
  return entries.map(({ name, summary: text }) => `${name.padEnd(width)} ${text}\n`).join("");
}

async function modulesText(args: Arguments): Promise<string> {
  const texts: string[] = [];
  const data: Record<string, unknown> = {};
  for (const name of args.operands) {
    const entry = findModule(name);
    if (!entry) throw unknownModule(name);
    const { spec } = (await loadModule(entry)).module;
    if (args.has("json")) data[entry.name] = moduleData(spec);
    else texts.push(args.has("snippet") ? snippetText(spec) : moduleText(spec));
  }
  return args.has("json") ? `${plainJson(fromJson(data))}\n` : `${texts.join("\n")}\n`;
}

function othersText(type: string, entries: readonly CatalogueEntry[], args: Arguments): string {
  const found: Record<string, unknown> = {};
  const lines: string[] = [];
  for (const name of args.operands) {
    const entry = entries.find((one) => one.name === name || one.name.endsWith(`.${name}`));
    if (!entry) {
      const meant = nearest(
        name,
        entries.map((one) => one.name.slice(one.name.lastIndexOf(".") + 1)),
      );
      throw new LayerbookError(`there is no ${type} '${name}'`, {
        hint: meant ? `Did you mean '${meant}'?` : `\`layerbook doc -t ${type} -l\` lists them.`,
      });
    }
    const keyword = type === "keyword" ? KEYWORDS[entry.name] : undefined;
    found[entry.name] = { description: entry.summary, ...keyword };
    lines.push(`> ${entry.name.toUpperCase()}`, "", `        ${entry.summary}`);
    if (keyword) {
      lines.push(`        type: ${keyword.type}`, `        on: ${keyword.places.join(", ")}`);
    }
    lines.push("");
  }
  return args.has("json") ? `${plainJson(fromJson(found))}\n` : `${lines.join("\n")}\n`;
}
