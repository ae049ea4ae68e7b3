/** Runs recorded cases: the same tasks as `record/record.sh` gave to the real Ansible. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { expect } from "vitest";
import { parse } from "yaml";
import type { Connection } from "../../src/connection/connection.ts";
import { splitLines } from "../../src/modules/lib/output.ts";
import type { Data, ModuleResult } from "../../src/modules/module.ts";
import { resolveModule } from "../../src/modules/registry.ts";
import { runModule } from "../../src/modules/testing.ts";
import { splitShell } from "../../src/template/python/shlex.ts";
import { PyFloat } from "../../src/values/model.ts";
import { checkTells, isIdempotent } from "./differences.ts";

export const FILES = join(import.meta.dirname, "files");

/** Keywords of a task; what is left is the module. */
const KEYWORDS = new Set(["name", "check_mode", "diff", "ignore_errors", "vars", "environment"]);

export interface Case {
  readonly name: string;
  readonly module: string;
  readonly args: Readonly<Record<string, Data>>;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
}

export interface Golden {
  readonly name: string;
  readonly result: Readonly<Record<string, Data>>;
  readonly tree: readonly (readonly string[])[];
}

/** The cases of a file, with the scratch directory's name in their places. */
export function readCases(name: string, scratch: string, url: string): Case[] {
  const text = readFileSync(join(import.meta.dirname, "cases", `${name}.yml`), "utf8");
  const tasks = parse(
    text.replaceAll("{{ d }}", scratch).replaceAll("{{ u }}", url).replaceAll("{{ files }}", FILES),
    {
      version: "1.1",
    },
  ) as Record<string, Data>[];
  return tasks.map((task) => {
    const module = Object.keys(task).find((key) => !KEYWORDS.has(key)) ?? "";
    const given = task[module];
    return {
      name: String(task.name),
      module,
      args:
        typeof given === "string"
          ? freeForm(module, given)
          : ((given ?? {}) as Record<string, Data>),
      checkMode: task.check_mode === true,
      diffMode: task.diff === true,
    };
  });
}

function freeForm(module: string, text: string): Record<string, Data> {
  if (module !== "command") return { _raw_params: text };
  const words = text.split(" ");
  const options = words.filter((word) => /^(creates|removes|chdir)=/.test(word));
  const rest = words.filter((word) => !options.includes(word)).join(" ");
  return {
    _raw_params: rest,
    ...Object.fromEntries(
      options.flatMap((word) => splitShell(word)).map((word) => word.split("=")),
    ),
  };
}

export function readGolden(name: string): Golden[] {
  return readFileSync(join(import.meta.dirname, "golden", `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Golden);
}

/** What a case did in its three runs: in check mode, for real, and again. */
export interface Runs {
  /** Absent where the case is one of check mode itself. */
  readonly check: ModuleResult | undefined;
  readonly result: ModuleResult;
  /** Absent where a second run has a reason to change something. */
  readonly again: ModuleResult | undefined;
}

/**
 * Runs a case in check mode, for real, and again.
 * @param look the state of the scratch directory; it must be the same before and after check mode,
 *   and before and after the second run
 */
export async function runThrice(
  connection: Connection,
  file: string,
  entry: Case,
  look: () => unknown,
): Promise<Runs> {
  const { module } = await resolveModule(entry.module);
  const untouched = look();
  let check: ModuleResult | undefined;
  if (!entry.checkMode && module.spec.checkMode === "full") {
    check = await runCase(connection, { ...entry, checkMode: true });
    expect(look(), "check mode changed something").toEqual(untouched);
  }
  const result = await runCase(connection, entry);
  if (entry.checkMode) expect(look(), "check mode changed something").toEqual(untouched);
  const isFailed = result.failed === true || result.skipped === true;
  const tellsChange =
    check && !check.skipped && !isFailed && checkTells(file, entry.name, entry.module);
  if (tellsChange) expect(check?.changed ?? false, "check mode").toBe(result.changed ?? false);
  if (entry.checkMode || isFailed || !isIdempotent(file, entry.name, entry.module)) {
    return { check, result, again: undefined };
  }
  const settled = look();
  const again = await runCase(connection, entry);
  expect(again.failed ?? false, `second run: ${JSON.stringify(again.msg)}`).toBe(false);
  expect(again.changed ?? false, "second run").toBe(false);
  expect(look(), "the second run changed something").toEqual(settled);
  return { check, result, again };
}

export async function runCase(connection: Connection, entry: Case): Promise<ModuleResult> {
  const warnings: string[] = [];
  try {
    const { module } = await resolveModule(entry.module);
    const result = await runModule(module, entry.args, connection, {
      checkMode: entry.checkMode,
      diffMode: entry.diffMode,
      controllerDirectory: FILES,
      context: { warn: (message) => void warnings.push(message) },
    });
    const lines = Object.fromEntries(
      ["stdout", "stderr"].flatMap((stream) => {
        const text = result[stream];
        // As the engine adds them.
        return typeof text === "string" ? [[`${stream}_lines`, splitLines(text)]] : [];
      }),
    );
    return { ...lines, changed: false, ...result, ...(warnings.length > 0 ? { warnings } : {}) };
  } catch (error) {
    return {
      failed: true,
      changed: false,
      msg: error instanceof Error ? error.message : String(error),
    };
  }
}

/** Path, mode, type, and digest or target of everything below a directory. */
export function tree(root: string): string[][] {
  const rows: string[][] = [];
  const walk = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const info = lstatSync(path);
      const mode = (info.mode & 0o7777).toString(8).padStart(4, "0");
      const row = [relative(root, path), mode];
      if (info.isSymbolicLink()) rows.push([...row, "link", readlinkSync(path)]);
      else if (info.isDirectory()) {
        rows.push([...row, "directory", ""]);
        walk(path);
      } else {
        rows.push([...row, "file", createHash("sha1").update(readFileSync(path)).digest("hex")]);
      }
    }
  };
  walk(root);
  // What is in a git repository depends on git's version; kh.old is ssh-keygen's, which is not used.
  return rows.filter(([path = ""]) => !isForeign(path));
}

/** What is in a repository depends on git's or svn's version. */
export function isForeign(path: string): boolean {
  return /(?:^|\/)(?:\.git|\.svn|bare|kh\.old)\//.test(`${path}/`);
}

/** Values that differ from run to run, or that only the original has. */
const VOLATILE = new Set([
  "start",
  "end",
  "delta",
  "inode",
  "dev",
  "atime",
  "mtime",
  "ctime",
  "version",
  "exception",
  "ansible_facts",
  "after_header",
  "block_size",
  "blocks",
  "server",
  "date",
  "connection",
  // Keys are made by chance, and so is all that follows from them.
  "fingerprint",
  "fingerprints",
  "public_key",
  "public_key_data",
  "public_key_fingerprints",
  "public_data",
  "subject_key_identifier",
  "authority_key_identifier",
  "2.5.29.14",
  "2.5.29.35",
  "serial_number",
  "not_before",
  "not_after",
  "notBefore",
  "notAfter",
]);

/** Returned contents that are made by chance: only whether they are there is compared. */
const BY_CHANCE = new Set(["privatekey", "publickey", "csr", "certificate", "dhparams"]);

/** Both sides brought to the same form: only what a playbook could rely on is left. */
export function comparable(value: unknown, scratch: string, key = ""): unknown {
  if (value instanceof PyFloat) return value.value;
  if (typeof value === "string") {
    if (BY_CHANCE.has(key) && !/^[/@]/.test(value)) return "@CHANCE@";
    return value
      .replaceAll(scratch, "@D@")
      .replaceAll(FILES, "@FILES@")
      .replace(/(Updated by Ansible - )[-\dT:.]+/g, "$1@DATE@")
      .replace(/http:\/\/127\.0\.0\.1:\d{4,5}/g, "@U@")
      .replace(/\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~/g, ".BACKUP~");
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, scratch, key));
    return key === "tree" ? items.map(treeRow).sort() : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name, item]) => !VOLATILE.has(name) && item !== undefined && item !== "@TMP@")
    .filter(([name, item]) => !(key === "" && name === "diff" && isEmptyDiff(item)))
    .map(
      ([name, item]) => [name.replaceAll(scratch, "@D@"), comparable(item, scratch, name)] as const,
    );
  return Object.fromEntries(entries);
}

/** Keys and certificates are made by chance: their content is not compared, unlike their mode. */
function treeRow(row: unknown): string {
  const parts = Array.isArray(row) ? row.map(String) : [String(row)];
  const byChance = parts.some((part) => /\.(?:pem|csr|crt|pub|raw)(?:\.BACKUP~)?$/.test(part));
  return String(byChance ? parts.filter((part) => !/^[0-9a-f]{40}$/.test(part)) : parts);
}

function isEmptyDiff(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
