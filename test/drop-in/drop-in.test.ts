/** `ansible` and `ansible-inventory` by their own names: the same words as the originals print. */
import { readFileSync } from "node:fs";
import { chdir, cwd } from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CommandModule } from "../../src/cli/command.ts";
import * as config from "../../src/cli/commands/config.ts";
import * as inventory from "../../src/cli/commands/inventory.ts";
import * as run from "../../src/cli/commands/run.ts";
import { exitCodeOf } from "../../src/cli/show-error.ts";
import { splitShell } from "../../src/template/python/shlex.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const files = `${here}files`;
const programs: Readonly<Record<string, Pick<CommandModule, "run">>> = {
  ansible: run,
  "ansible-config": config,
  "ansible-inventory": inventory,
};

const cases = readFileSync(`${here}cases.txt`, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const bar = line.indexOf("|");
    return [line.slice(0, bar).trim(), line.slice(bar + 1).trim()] as const;
  });

/** Standard output and the exit code, as record.sh writes them. */
async function printed(line: string): Promise<string> {
  const [program = "", ...argv] = splitShell(line);
  const chunks: string[] = [];
  const { stdout, stderr } = process;
  const writes = { out: stdout.write, err: stderr.write };
  stdout.write = (chunk: string | Uint8Array) => {
    chunks.push(String(chunk));
    return true;
  };
  stderr.write = () => true;
  let code: number;
  try {
    const context = { signal: new AbortController().signal, program, isDropIn: true };
    code = (await programs[program]?.run(argv, context)) ?? -1;
  } catch (error) {
    code = exitCodeOf(error, program);
  } finally {
    stdout.write = writes.out;
    stderr.write = writes.err;
  }
  return `${chunks.join("")}exit ${code}\n`.replaceAll(files, "@");
}

describe("programs called by Ansible's names", () => {
  const before = { directory: cwd(), env: { ...process.env } };
  beforeAll(() => {
    chdir(files);
    process.env.ANSIBLE_NOCOLOR = "1";
    process.env.ANSIBLE_LOCALHOST_WARNING = "0";
  });
  afterAll(() => {
    chdir(before.directory);
    process.env.ANSIBLE_NOCOLOR = before.env.ANSIBLE_NOCOLOR ?? "";
    delete process.env.ANSIBLE_LOCALHOST_WARNING;
  });

  it.each(cases)("%s", async (name, line) => {
    expect(await printed(line)).toBe(readFileSync(`${here}golden/${name}.txt`, "utf8"));
  });

  it.each([
    ["an unknown flag", "ansible a --nosuch", 2],
    ["a flag without its value", "ansible a -m", 2],
    ["no pattern", "ansible -m ping", 2],
    ["two flags that exclude each other", "ansible a -k --connection-password-file x", 2],
    ["an ambiguous abbreviation", "ansible a --s", 2],
    ["no action", "ansible-inventory", 5],
    ["a command without words", "ansible -i local.ini a -m command", 5],
    ["a refused flag", "ansible a --scp-extra-args x", 5],
    ["a name that TOML cannot hold", "ansible-inventory -i odd-name.yml --list --toml", 1],
    ["no such host", "ansible-inventory -i two.ini --host nosuch", 5],
    ["no such configuration file", "ansible-config view -c nosuch.cfg", 5],
    ["a configuration file of another name", "ansible-config view -c vault.yml", 1],
    ["no such group", "ansible-inventory -i tree --graph nosuch", 5],
  ])("%s ends with its own exit code", async (_what, line, code) => {
    expect(await printed(line)).toBe(`exit ${code}\n`);
  });

  it("the setting PLAYBOOK_DIR does what --playbook-dir does", async () => {
    process.env.ANSIBLE_PLAYBOOK_DIR = "tree";
    try {
      const golden = readFileSync(`${here}golden/list-playbook-dir.txt`, "utf8");
      expect(await printed("ansible-inventory -i two.ini --list")).toBe(golden);
      expect(await printed("ansible -i local.ini a -m debug -a var=playbook_dir")).toContain(
        '"playbook_dir": "@/tree"',
      );
    } finally {
      delete process.env.ANSIBLE_PLAYBOOK_DIR;
    }
  });

  it("a host that is not there is an error where host_pattern_mismatch says so", async () => {
    process.env.ANSIBLE_HOST_PATTERN_MISMATCH = "error";
    try {
      const context = {
        signal: new AbortController().signal,
        program: "ansible-inventory",
        isDropIn: true,
      };
      await expect(inventory.run(["-i", "two.ini", "--host", "nosuch"], context)).rejects.toThrow(
        "Could not match supplied host pattern, ignoring: nosuch",
      );
    } finally {
      delete process.env.ANSIBLE_HOST_PATTERN_MISMATCH;
    }
  });
});
