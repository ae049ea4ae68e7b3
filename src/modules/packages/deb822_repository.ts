/** ansible.builtin.deb822_repository: sources in the deb822 format. */
import { quote } from "../../connection/connection.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import { errorOf, parseSections, section } from "../lib/sections.ts";
import { FETCH, modeText, writeText } from "../lib/text-file.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.deb822_repository",
  summary: "Add and remove apt sources in the deb822 format",
  options: {
    name: { type: "str", required: true, description: "Name of the repository and its file." },
    allow_downgrade_to_insecure: { type: "bool", description: "Allow-Downgrade-To-Insecure." },
    allow_insecure: { type: "bool", description: "Allow-Insecure." },
    allow_weak: { type: "bool", description: "Allow-Weak." },
    architectures: { type: "list", elements: "str", description: "Architectures." },
    by_hash: { type: "bool", description: "By-Hash." },
    check_date: { type: "bool", description: "Check-Date." },
    check_valid_until: { type: "bool", description: "Check-Valid-Until." },
    components: { type: "list", elements: "str", description: "Components." },
    date_max_future: { type: "int", description: "Date-Max-Future." },
    enabled: { type: "bool", description: "Enabled." },
    exclude: { type: "list", elements: "str", description: "Packages not to take." },
    include: { type: "list", elements: "str", description: "Packages to take only." },
    inrelease_path: { type: "str", description: "InRelease-Path." },
    languages: { type: "list", elements: "str", description: "Languages." },
    mode: { type: "raw", default: "0644", description: "Mode of the file." },
    pdiffs: { type: "bool", description: "PDiffs." },
    signed_by: {
      type: "str",
      description: "Path, URL, fingerprint or text of the key that signs the repository.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the repository is there.",
    },
    suites: { type: "list", elements: "str", description: "Suites." },
    targets: { type: "list", elements: "str", description: "Targets." },
    trusted: { type: "bool", description: "Trusted." },
    types: {
      type: "list",
      elements: "str",
      default: ["deb"],
      choices: ["deb", "deb-src"],
      description: "Types.",
    },
    uris: { type: "list", elements: "str", description: "URIs." },
    install_python_debian: {
      type: "bool",
      default: false,
      description: "Install python-debian if it is missing.",
      noEffect: "nothing needs it",
    },
  },
  mutuallyExclusive: [["include", "exclude"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  volatile: true,
  returns: {
    repo: "The source as it is written.",
    dest: "Path of the file.",
    key_filename: "Path of the key's file, if one was written.",
    state: "The state that was asked for.",
  },
} as const satisfies ModuleSpec;

const NOT_FIELDS = ["name", "state", "mode", "install_python_debian"];
const NAMES: Readonly<Record<string, string>> = {
  uris: "URIs",
  pdiffs: "PDiffs",
  inrelease_path: "InRelease-Path",
};

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "present";
  const slug = name
    .toLowerCase()
    .replace(/[_\s]+/g, "-")
    .replace(/[^a-z0-9-]+/g, "");
  const dest = `/etc/apt/sources.list.d/${slug}.sources`;
  const signed = textOption(args, "signed_by");
  const remote = signed !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(signed);
  const report = await context.sh(`${remote && state === "present" ? FETCH : ""}
if [ -e ${quote(dest)} ]; then ${section("file")}; cat ${quote(dest)}; ${section("mode")}; stat -c %a ${quote(dest)}; fi
for lb_f in /etc/apt/keyrings/${slug}.asc /etc/apt/keyrings/${slug}.gpg; do
  if [ -e "$lb_f" ]; then ${section("sum")}; sha1sum <"$lb_f"; ${section("keyfile")}; printf %s "$lb_f"; fi
done
${
  remote && state === "present"
    ? `lb_k=$(mktemp) || exit
lb_fetch ${quote(signed)} "$lb_k" || { rm -f "$lb_k"; exit 61; }
${section("newsum")}; sha1sum <"$lb_k"
${section("armor")}; grep -qe '-----BEGIN PGP' "$lb_k" && echo yes
${section("key")}; printf %s "$lb_k"`
    : ""
}
exit 0`);
  if (report.rc !== 0) {
    return {
      failed: true,
      msg: `Could not fetch signed_by key: ${signed}: ${errorOf(report).trim()}`,
    };
  }
  const parts = parseSections(report.stdout);
  const before = parts.get("file");
  const oldKey = parts.get("keyfile");
  const temporary = parts.get("key");
  if (state === "absent") {
    const paths = [...(before === undefined ? [] : [dest]), ...(oldKey ? [oldKey] : [])];
    if (paths.length > 0 && !context.checkMode) {
      await context.sh(`rm -f ${paths.map(quote).join(" ")}`);
    }
    return {
      changed: paths.length > 0,
      repo: null,
      dest,
      key_filename: oldKey ?? null,
      state,
    };
  }
  let keyPath: string | undefined;
  let keyChanged = false;
  if (temporary) {
    keyPath = `/etc/apt/keyrings/${slug}.${parts.get("armor")?.trim() === "yes" ? "asc" : "gpg"}`;
    keyChanged = parts.get("sum")?.trim() !== parts.get("newsum")?.trim() || oldKey !== keyPath;
    const place =
      keyChanged && !context.checkMode
        ? `mkdir -p /etc/apt/keyrings && chmod 0644 ${quote(temporary)} && mv -f ${quote(temporary)} ${quote(keyPath)}`
        : `rm -f ${quote(temporary)}`;
    const done = await context.sh(place);
    if (done.rc !== 0) return { failed: true, msg: errorOf(done).trim() };
  }
  const repo = stanza(args, name, keyPath ?? signed);
  const mode = modeText(args.mode) ?? "0644";
  const modeDiffers =
    parts.has("mode") &&
    /^0?[0-7]+$/.test(mode) &&
    parts.get("mode")?.trim() !== mode.replace(/^0+/, "");
  const fileChanged = before !== repo || modeDiffers;
  if (fileChanged && !context.checkMode) {
    const problem = await writeText(context, dest, repo, mode);
    if (problem !== undefined) return { failed: true, msg: problem };
  }
  return {
    changed: fileChanged || keyChanged,
    repo,
    dest,
    key_filename: keyPath ?? null,
    state,
    ...(context.diffMode && before !== repo
      ? {
          diff: {
            before_header: before === undefined ? "/dev/null" : dest,
            after_header: dest,
            before: before ?? "",
            after: repo,
          },
        }
      : {}),
  };
}

/** The source, its fields in the order of the options' names. */
function stanza(args: Arguments, name: string, signed: string | undefined): string {
  const fields: string[] = [];
  for (const option of Object.keys(spec.options).sort()) {
    if (option === "name") {
      fields.push(`X-Repolib-Name: ${name}`);
      continue;
    }
    if (NOT_FIELDS.includes(option)) continue;
    const value = option === "signed_by" ? signed : args[option];
    if (value === undefined || value === null) continue;
    fields.push(`${fieldName(option)}: ${fieldValue(args, option, value)}`);
  }
  return `${fields.join("\n")}\n`;
}

function fieldName(option: string): string {
  return (
    NAMES[option] ??
    option
      .split("_")
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join("-")
  );
}

function fieldValue(args: Arguments, option: string, value: Data): string {
  if (typeof value === "boolean") return flagOption(args, option) ? "yes" : "no";
  if (Array.isArray(value)) return (listOption(args, option) ?? []).join(" ");
  const text = String(value);
  if (!text.includes("\n")) return text;
  // Continuation lines begin with a space; an empty one is a dot.
  return `\n${text
    .trim()
    .split("\n")
    .map((line) => ` ${line.trim() === "" ? "." : line.trim()}`)
    .join("\n")}`;
}
