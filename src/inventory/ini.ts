/**
 * INI inventories.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html
 */
import { LayerbookError, ParseError } from "../errors/index.ts";
import { isFile } from "../playbook/loader.ts";
import { literalEval } from "../values/literal.ts";
import type { Value } from "../values/model.ts";
import type { Inventory } from "./inventory.ts";
import { expandRanges, splitPort } from "./ranges.ts";
import type { InventoryPlugin } from "./source.ts";

type SectionKind = "hosts" | "children" | "vars";

const SECTION = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$/;

export const iniInventory: InventoryPlugin = {
  name: "ini",
  accepts: (source) => isFile(source),
  parse(inventory, source, context) {
    const lines = context.read(source).toString("utf8").split(/\r?\n/);
    let group = "ungrouped";
    let kind: SectionKind = "hosts";
    /** Groups that only a `:vars` or `:children` mentioned, with the line. */
    const pending = new Map<string, number>();
    for (const [index, raw] of lines.entries()) {
      const line = raw.trim();
      if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
      const position = { file: source, line: index + 1, column: 1 };
      const fail = (message: string, hint?: string) =>
        new ParseError(message, { position, hint, exitCode: 1 });
      const header = SECTION.exec(line);
      if (header?.[1] !== undefined) {
        group = header[1];
        if (header[2] !== undefined && !isKind(header[2])) {
          throw fail(`Section [${group}:${header[2]}] has unknown type: ${header[2]}`);
        }
        kind = header[2] === undefined ? "hosts" : (header[2] as SectionKind);
        if (kind === "vars" && !inventory.groups.has(group)) pending.set(group, index + 1);
        else {
          inventory.addGroup(group);
          pending.delete(group);
        }
        continue;
      }
      if (line.startsWith("[") && /\]\s*$/.test(line) && !/^\[[^\]]*:/.test(line)) {
        throw fail(
          `Invalid section entry: '${line}'.`,
          "A section is [name], [name:children] or [name:vars].",
        );
      }
      try {
        if (kind === "hosts") addHosts(inventory, line, group, source);
        else if (kind === "vars") setVariable(inventory, line, group);
        else {
          const child = stripComment(line);
          if (/\s/.test(child)) throw new LayerbookError(`Expected group name, got: ${line}`);
          pending.delete(child);
          inventory.addChild(group, child);
        }
      } catch (error) {
        if (error instanceof LayerbookError) throw fail(error.message, error.hint);
        throw error;
      }
    }
    for (const [name, line] of pending) {
      throw new ParseError(`Section [${name}:vars] not valid for undefined group: ${name}`, {
        position: { file: source, line, column: 1 },
        exitCode: 1,
      });
    }
  },
};

function isKind(text: string): boolean {
  return ["hosts", "children", "vars"].includes(text);
}

function stripComment(text: string): string {
  return text.replace(/\s+[#;].*$/, "").trim();
}

function addHosts(inventory: Inventory, line: string, group: string, source: string): void {
  const [pattern = "", ...pairs] = splitLine(line);
  const { host, port } = splitPort(pattern);
  const variables = pairs.map((pair): [string, Value] => {
    const at = pair.indexOf("=");
    if (at <= 0) {
      throw new LayerbookError(`Expected key=value host variable assignment, got: ${pair}`);
    }
    return [pair.slice(0, at), iniValue(pair.slice(at + 1))];
  });
  for (const name of expandRanges(host)) {
    const added = inventory.addHost(name, group, source);
    if (port !== undefined) added.vars.set("ansible_port", port);
    for (const [key, value] of variables) added.vars.set(key, value);
  }
}

function setVariable(inventory: Inventory, line: string, group: string): void {
  const at = line.indexOf("=");
  if (at < 0) throw new LayerbookError(`Expected key=value, got: ${line}`);
  const value = iniValue(line.slice(at + 1).trim());
  inventory.addGroup(group).vars.set(line.slice(0, at).trim(), value);
}

/** Words of a line as a shell would part them; `#` begins a comment. */
function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let mark = "";
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? "";
    if (mark) {
      if (char === mark) mark = "";
      else if (char === "\\" && mark === '"' && /["\\]/.test(line[i + 1] ?? "")) {
        word = `${word ?? ""}${line[++i] ?? ""}`;
      } else word = `${word ?? ""}${char}`;
    } else if (char === "'" || char === '"') {
      mark = char;
      word ??= "";
    } else if (char === "\\") word = `${word ?? ""}${line[++i] ?? ""}`;
    else if (char === "#") break;
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ""}${char}`;
  }
  if (mark)
    throw new LayerbookError(`Error parsing host definition '${line}': No closing quotation`);
  if (word !== undefined) words.push(word);
  return words;
}

/** A Python literal, or the text as it stands. */
function iniValue(text: string): Value {
  // Only Python's own words count here, not JSON's.
  if (/^(true|false|null)$/.test(text)) return text;
  const value = literalEval(text);
  return value === undefined ? text : value;
}
