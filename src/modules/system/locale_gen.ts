/** community.general.locale_gen: the locales that a Debian or Ubuntu has. */
import { quote } from "../../connection/connection.ts";
import { listOption, textOption } from "../lib/option-values.ts";
import { errorOf, linesOf, outputOf, parseSections, section } from "../lib/sections.ts";
import { writeText } from "../lib/text-file.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.locale_gen",
  summary: "Create and remove locales",
  options: {
    name: {
      type: "list",
      elements: "str",
      required: true,
      description: "Names of the locales, as `de_CH.UTF-8`.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the locales are there.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { name: "Names of the locales." },
} as const satisfies ModuleSpec;

/** `locale -a` writes `UTF-8` as `utf8`. */
function normal(locale: string): string {
  const [name = "", charset] = locale.split(".", 2);
  const [bare = "", modifier] = (charset ?? "").split("@", 2);
  return charset === undefined
    ? locale
    : `${name}.${bare.toLowerCase().replaceAll("-", "")}${modifier === undefined ? "" : `@${modifier}`}`;
}

const GEN = "/etc/locale.gen";

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const names = listOption(args, "name") ?? [];
  const state = textOption(args, "state") ?? "present";
  const report = await context.sh(`
${section("there")}; locale -a 2>/dev/null
if [ -e ${GEN} ]; then ${section("gen")}; cat ${GEN}; fi
if [ -e /usr/share/i18n/SUPPORTED ]; then ${section("supported")}; cat /usr/share/i18n/SUPPORTED; fi
if [ -d /var/lib/locales/supported.d ]; then ${section("ubuntu")}; fi
exit 0`);
  const parts = parseSections(report.stdout);
  const gen = parts.get("gen");
  if (gen === undefined && !parts.has("ubuntu")) {
    return {
      failed: true,
      msg: '/etc/locale.gen and /var/lib/locales/supported.d/local are missing. Is the package "locales" installed?',
    };
  }
  const known = new Set([
    ...linesOf(gen).map((line) => line.replace(/^#?\s*/, "").split(/\s+/)[0] ?? ""),
    ...linesOf(parts.get("supported")).map((line) => line.split(/\s+/)[0] ?? ""),
  ]);
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    return {
      failed: true,
      msg: `The following locales you have entered are not available on your system: ${unknown.join(", ")}`,
    };
  }
  const there = new Set(linesOf(parts.get("there")).map(normal));
  const changed = names.some((name) => there.has(normal(name)) !== (state === "present"));
  if (!changed || context.checkMode) return { changed, name: names };
  let command = "locale-gen";
  if (gen === undefined) {
    command =
      state === "present" ? `locale-gen ${names.map(quote).join(" ")}` : "locale-gen --purge";
  } else {
    const lines = gen.replace(/\n$/, "").split("\n");
    const edited = lines.map((line) => {
      const match = /^(#?\s*)(\S+\s+\S+)\s*$/.exec(line);
      if (!match || !names.includes((match[2] ?? "").split(/\s+/)[0] ?? "")) return line;
      return state === "present" ? (match[2] ?? "") : `# ${match[2]}`;
    });
    for (const name of state === "present" ? names : []) {
      if (!edited.some((line) => line.split(/\s+/)[0] === name)) {
        const full = linesOf(parts.get("supported")).find((line) => line.split(/\s+/)[0] === name);
        edited.push(full ?? `${name} UTF-8`);
      }
    }
    const problem = await writeText(context, GEN, `${edited.join("\n")}\n`);
    if (problem !== undefined) return { failed: true, msg: problem };
  }
  const done = await context.sh(`PATH=$PATH:/usr/sbin ${command}`);
  if (done.rc !== 0) {
    return { failed: true, msg: `${errorOf(done)}${outputOf(done)}`.trim(), rc: done.rc };
  }
  return { changed, name: names };
}
