/**
 * Cases of the differential test: one text file each, which holds a description, the runs, and the
 * files of a small project. See README.md beside this file.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Case {
  readonly name: string;
  /** Arguments of each call of `ansible-playbook`. */
  readonly runs: readonly (readonly string[])[];
  readonly env: Readonly<Record<string, string>>;
  /** Path to content. */
  readonly files: ReadonlyMap<string, string>;
}

/** Hosts a, b and c; `web` holds the first two, `db` the third. */
const HOSTS = `[web]
a
b
[db]
c
[all:vars]
ansible_connection=local
`;

/** @throws Error for a header that is none */
export function readCase(directory: string, name: string): Case {
  const files = new Map<string, string>([["hosts", HOSTS]]);
  const runs: string[][] = [];
  const env: Record<string, string> = {};
  let path: string | undefined;
  const lines = readFileSync(join(directory, `${name}.txt`), "utf8").split("\n");
  for (const line of lines.slice(0, -1)) {
    const next = /^-- (\S+) --$/.exec(line)?.[1];
    if (next !== undefined) {
      path = next;
      files.set(path, "");
    } else if (path !== undefined) files.set(path, `${files.get(path) ?? ""}${line}\n`);
    else if (line.startsWith("run:")) runs.push(words(line.slice("run:".length)));
    else if (line.startsWith("env:")) {
      const [key = "", ...value] = line.slice("env:".length).trim().split("=");
      env[key] = value.join("=");
    } else if (!line.startsWith("# ")) throw new Error(`${name}: no header: ${line}`);
  }
  return { name, runs: runs.length > 0 ? runs : [["site.yml"]], env, files };
}

/** Words of a command line; double quotes hold blanks together. */
function words(text: string): string[] {
  return Array.from(
    text.matchAll(/"([^"]*)"|(\S+)/g),
    ([, quoted, plain]) => quoted ?? plain ?? "",
  );
}

/** Names of all cases, sorted. */
export function caseNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".txt"))
    .map((file) => file.slice(0, -".txt".length))
    .sort();
}

/** Writes the project into a new folder, and gives its path. `out` is there and empty. */
export function unpack(given: Case): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "lb-differential-")));
  mkdirSync(join(directory, "out"));
  mkdirSync(join(directory, ".home"));
  for (const [path, content] of given.files) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  return directory;
}

/** What both programs are told by variables. One fork: the order of results is that of the hosts. */
export function environment(given: Case, directory: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: join(directory, ".home"),
    LANG: "C.UTF-8",
    TZ: "UTC",
    ANSIBLE_DEPRECATION_WARNINGS: "False",
    ANSIBLE_FORKS: "1",
    ANSIBLE_INVENTORY: "hosts",
    ANSIBLE_LOCALHOST_WARNING: "False",
    ANSIBLE_NOCOLOR: "1",
    ANSIBLE_PIPELINING: "1",
    ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
    ...given.env,
  };
}

export interface RunRecord {
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
}

/** The golden's text: each run's output and exit code, then the files in `out`. */
export function describeRuns(runs: readonly RunRecord[], directory: string): string {
  const parts = runs.map(
    ({ argv, exitCode, stdout }) =>
      `$ ansible-playbook ${argv.join(" ")}\n${normalised(stdout, directory)}exit ${exitCode}\n`,
  );
  const out = join(directory, "out");
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()) {
    const text = readFileSync(entry, "utf8");
    parts.push(`-- ${entry.slice(directory.length + 1)} --\n${normalised(text, directory)}`);
  }
  return parts.join("\n");
}

/** Paths and times of the run, and excerpts of files in messages, are left out. */
export function normalised(text: string, directory: string): string {
  const plain = text
    .replaceAll(directory, "@")
    .replace(/("(?:start|end|delta|ansible_job_id|results_file)": )"[^"]*"/g, '$1"*"')
    .replace(/\\n\\nThe error appears to be in (?:\\.|[^"\\])*/g, "")
    .replace(/('[^']*' is undefined|'[^']*' has no attribute '[^']*')\. \1/g, "$1")
    // ansible-core 2.14 does not name the condition that did not hold.
    .replace(/^ *"false_condition": .*\n/gm, "")
    .replace(/"false_condition": (?:"(?:\\.|[^"\\])*"|\w+), /g, "")
    .replace(/^Pausing for [^\n]*\n\(ctrl\+C then [^\n]*\n/gm, "")
    .replace(/"msg": "(?:\\.|[^"\\])*", "unreachable": true/g, '"msg": "*", "unreachable": true')
    .replace(/, "timedout": \{[^}]*\}/g, "")
    .replace(/^\+\+\+ after: .*\/\.ansible\/tmp\/.*$/gm, "+++ after: *")
    .replace(/^\+\+\+ after: [^(\n]*$/gm, "+++ after: *")
    .replaceAll("ansible.vars.hostvars.HostVarsVars object", "dict object")
    .replace(/(The error was: )([^"]+?)\. \2(?=")/g, "$1$2")
    .replace(/ \(@\/[^():]*:\d+:\d+\)/g, "")
    .replace(/\\nSearched in:(?:\\.|[^"\\])*/g, "")
    .replace(/(ansible\.parsing\.yaml\.objects\.)?AnsibleUnicode/g, "str")
    .replaceAll("ansible.vars.hostvars.HostVarsVars object", "dict object")
    .replace(/(The error was: )([^"]+?)\. \2(?=")/g, "$1$2")
    .replace(/ansible\.parsing\.yaml\.objects\.AnsibleMapping/g, "dict")
    .replace(/^ASYNC .*\n/gm, "")
    .replace(/^An exception occurred during task execution.*\n/gm, "")
    .replace(/^\*+ *$/gm, "")
    .replace(/ \*{3,}$/gm, " ***");
  return plain === "" || plain.endsWith("\n") ? plain : `${plain}\n`;
}
