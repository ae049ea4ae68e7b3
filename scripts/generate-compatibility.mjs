/**
 * Writes docs/compatibility.md: what of Ansible is there and what is not, from the tables that the
 * program itself works with, and for each thing the first test in which it is used.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const output = join(root, "docs/compatibility.md");

const bundle = join(root, "node_modules", `.compatibility-${process.pid}.mjs`);
await build({
  entryPoints: [join(root, "scripts/compatibility-data.ts")],
  outfile: bundle,
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "error",
  define: { LAYERBOOK_VERSION: '"0"' },
  banner: {
    js: 'import{createRequire as lbRequire}from"node:module";const require=lbRequire(import.meta.url);',
  },
});
const data = await import(pathToFileURL(bundle).href).finally(() =>
  rmSync(bundle, { force: true }),
);

/** Tests and what they run, in a fixed order; those that show most come first. */
function testFiles() {
  const found = [];
  const walk = (folder) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (folder.startsWith("test/") || /\.test\.ts$|recorded\.jsonl$/.test(entry.name)) {
        found.push(path);
      }
    }
  };
  walk("test/differential/cases");
  walk("src");
  const folders = readdirSync(join(root, "test"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(differential|golden)$/.test(entry.name))
    .map((entry) => entry.name);
  for (const name of folders.sort()) walk(`test/${name}`);
  for (const entry of readdirSync(join(root, "test")).sort()) {
    if (entry.endsWith(".test.ts")) found.push(`test/${entry}`);
  }
  return found;
}

/** Kind and word to the first file that uses it so. */
const used = new Map();
const PATTERNS = [
  ["key", /(?:^|[\s{,"'`-])([a-z_]+(?:\.[a-z_]+){0,2})['"]?:(?=[\s"'`]|$)/gm],
  ["key", /\bwith_([a-z_]+)/g],
  ["filter", /\|\s*([a-z_0-9]+(?:\.[a-z_0-9]+){0,2})/g],
  ["test", /\bis\s+(?:not\s+)?([a-z_0-9]+(?:\.[a-z_0-9]+){0,2})/g],
  ["lookup", /\b(?:lookup|query|q)\(\s*\\?['"]([\w.]+)/g],
  ["lookup", /\bwith_([a-z_]+)/g],
  ["word", /([A-Za-z_][A-Za-z_0-9]*)/g],
  ["flag", /(?<![\w-])(--?[a-zA-Z][\w-]*)/g],
];
for (const file of testFiles()) {
  const text = readFileSync(join(root, file), "utf8");
  for (const [kind, pattern] of PATTERNS) {
    for (const [, word] of text.matchAll(pattern)) {
      const key = `${kind} ${word}`;
      if (!used.has(key)) used.set(key, file);
    }
  }
}

const shortName = (name) => name.slice(name.lastIndexOf(".") + 1);
const shownBy = (kinds, words) => {
  for (const kind of kinds) {
    for (const word of words) {
      const file = used.get(`${kind} ${word}`);
      if (file) return `\`${file}\``;
    }
  }
  return "";
};
const cell = (text) => String(text).replaceAll("|", "\\|").replaceAll("\n", " ");
const table = (heads, rows) => [
  `| ${heads.join(" | ")} |`,
  `| ${heads.map(() => "---").join(" | ")} |`,
  ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
  "",
];
const sections = [];
const section = (title, text, heads, rows) =>
  sections.push(`## ${title}`, "", ...(text ? [text, ""] : []), ...table(heads, rows));

section(
  "Keywords of playbooks",
  "All are supported; any other is refused with its place and the nearest name.",
  ["keyword", "on", "shown by"],
  Object.entries(data.KEYWORDS).map(([name, { places }]) => [
    `\`${name}\``,
    places.join(", "),
    shownBy(["key"], [name]),
  ]),
);

const modules = await Promise.all(data.MODULES.map(async (entry) => (await entry.load()).spec));
const moduleTests = new Map(
  testFiles()
    .filter((file) => file.startsWith("src/modules/"))
    .map((file) => [
      file
        .split("/")
        .at(-1)
        .replace(/(\.root)?\.test\.ts$/, ""),
      file,
    ]),
);
section(
  "Modules",
  "Native ones. Any other module that is installed runs from its own code: see [python.md](python.md).",
  ["module", "check mode", "diff mode", "options without effect", "shown by"],
  modules.map((spec) => {
    const short = shortName(spec.name);
    const idle = Object.entries(spec.options)
      .filter(([, option]) => option.noEffect !== undefined)
      .map(([name]) => `\`${name}\``);
    const own = moduleTests.get(short);
    return [
      `\`${spec.name}\``,
      spec.checkMode === "full" ? "yes" : "skipped",
      spec.diff ? "yes" : "no",
      idle.join(", "),
      own ? `\`${own}\`` : shownBy(["key"], [spec.name, short]),
    ];
  }),
);

for (const [kind, title] of [
  ["filter", "Filters"],
  ["test", "Tests of templates"],
  ["lookup", "Lookups"],
]) {
  const entries = await data.CATALOGUE[kind]();
  section(
    title,
    "",
    [kind, "shown by"],
    entries.map(({ name }) => [
      `\`${name}\``,
      shownBy([kind, kind === "lookup" ? "key" : kind], [shortName(name), name]),
    ]),
  );
}

section(
  "Magic variables",
  "",
  ["variable", "shown by"],
  [...data.MAGIC_NAMES].sort().map((name) => [`\`${name}\``, shownBy(["word"], [name])]),
);

const REFUSED = {
  connection: ["winrm", "psrp", "network_cli", "httpapi", "netconf"],
  become: ["runas", "enable"],
  callback: ["any other name"],
  strategy: ["debug"],
  inventory: [],
};
for (const [kind, title] of [
  ["connection", "Connections"],
  ["become", "Become methods"],
  ["callback", "Outputs"],
  ["strategy", "Strategies"],
  ["inventory", "Inventory sources"],
]) {
  const entries = await data.CATALOGUE[kind]();
  section(
    title,
    "",
    [kind, "supported", "shown by"],
    [
      ...entries.map(({ name }) => [`\`${name}\``, "yes", shownBy(["word"], [shortName(name)])]),
      ...REFUSED[kind].map((name) => [name, "refused by name", ""]),
    ],
  );
}

const settings = Object.entries(data.SETTINGS);
section(
  "Settings",
  "Found in the environment, in the `ansible.cfg` that counts, else the default.",
  ["setting", "variable", "ansible.cfg", "supported", "shown by"],
  [
    ...settings.map(([name, spec]) => [
      `\`${name}\``,
      spec.env.map((word) => `\`${word}\``).join(" "),
      spec.ini.map((word) => `\`${word}\``).join(" "),
      "yes",
      shownBy(["word"], [...spec.env, name]) ||
        shownBy(
          ["word"],
          spec.ini.map(shortName).filter((word) => word.length > 9),
        ) ||
        "`src/engine/settings.test.ts` (that it is read)",
    ]),
    ...Object.entries(data.WITHOUT_MEANING)
      .filter(([name]) => !Object.hasOwn(data.SETTINGS, name))
      .map(([name, spec]) => [
        `\`${name}\``,
        spec.env.map((word) => `\`${word}\``).join(" "),
        spec.ini.map((word) => `\`${word}\``).join(" "),
        `no: ${spec.why}`,
        "",
      ]),
  ],
);

const programs = [
  ["play", "ansible-playbook", data.play],
  ["run", "ansible", data.run],
  ["inventory", "ansible-inventory", data.inventory],
  ...Object.entries(data.vault).map(([name, { program }]) => [
    `vault ${name}`,
    `ansible-vault ${name}`,
    program,
  ]),
  ...Object.entries(data.config).map(([name, program]) => [
    `config ${name}`,
    `ansible-config ${name}`,
    program,
  ]),
  ["doc", "ansible-doc", data.doc],
];
for (const [name, original, program] of programs) {
  section(
    `Flags of \`layerbook ${name}\` (\`${original}\`)`,
    "",
    ["flag", "supported", "shown by"],
    program.flags.map((flag) => [
      flag.names.map((word) => `\`${word}\``).join(", "),
      flag.refused === undefined ? "yes" : `refused: ${flag.refused}`,
      shownBy(["flag"], [...flag.names].reverse()),
    ]),
  );
}

const text = `# Compatibility with Ansible

Made by \`scripts/generate-compatibility.mjs\` from the tables that the program works with: do not edit.
The dialect is that of ansible-core 2.14 to 2.18. What is not supported is refused by name. \`shown by\`
is the first test, or playbook of a test, in which the thing is used.

${sections.join("\n")}`;
let before = "";
try {
  before = readFileSync(output, "utf8");
} catch {
  // The first time.
}
if (before !== text) writeFileSync(output, text);
