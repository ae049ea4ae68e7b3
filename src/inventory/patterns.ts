/**
 * Host patterns: `web:&prod:!web3`, `web[0:2]`, `~regex`, globs, and `--limit` with `@file`.
 * @see https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html
 */
import { readFileSync } from "node:fs";
import { LayerbookError, messageOf } from "../errors/index.ts";
import { isDirectory } from "../playbook/loader.ts";
import type { Host, Inventory } from "./inventory.ts";

/** Parts of a pattern: at commas, and at colons that belong neither to an IPv6 address nor a range. */
export function splitPattern(pattern: string): string[] {
  const text = pattern.trim();
  if (text.includes(",")) return text.split(",").flatMap((part) => splitPattern(part));
  if (/^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) return [text];
  return (text.match(/(?:\[[^\]]*\]|[^:[\]])+/g) ?? []).map((part) => part.trim()).filter(Boolean);
}

function orderParts(parts: readonly string[]): string[] {
  const plain = parts.filter((part) => !/^[&!]/.test(part));
  const and = parts.filter((part) => part.startsWith("&"));
  const not = parts.filter((part) => part.startsWith("!"));
  return [...(plain.length > 0 ? plain : ["all"]), ...and, ...not];
}

export interface Selection {
  readonly hosts: readonly Host[];
  /** Parts that matched nothing. */
  readonly unmatched: readonly string[];
}

/** @param pattern a pattern, or several that add up */
export function selectHosts(inventory: Inventory, pattern: string | readonly string[]): Selection {
  const list = typeof pattern === "string" ? [pattern] : pattern;
  const parts = list.flatMap(splitPattern);
  let hosts: Host[] = [];
  const unmatched: string[] = [];
  for (const part of orderParts(parts)) {
    const operator = /^[&!]/.exec(part)?.[0];
    const text = operator ? part.slice(1) : part;
    const found = matchOne(inventory, text);
    if (found === undefined) unmatched.push(text);
    const matched = new Set(found ?? []);
    if (operator === "&") hosts = hosts.filter((host) => matched.has(host));
    else if (operator === "!") hosts = hosts.filter((host) => !matched.has(host));
    else hosts = [...new Set([...hosts, ...matched])];
  }
  return { hosts, unmatched };
}

/** Reads the `@file` parts of a `--limit`. */
export function expandLimit(limit: string): string[] {
  return splitLimit(limit).flatMap((part) => {
    if (!part.startsWith("@")) return [part];
    const path = part.slice(1);
    if (isDirectory(path)) {
      throw new LayerbookError(`Limit starting with "@" must be a file, not a directory: ${path}`);
    }
    try {
      return readFileSync(path, "utf8")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("#"));
    } catch (error) {
      throw new LayerbookError(`Unable to find limit file ${path}: ${messageOf(error)}`);
    }
  });
}

function splitLimit(limit: string): string[] {
  return limit.includes("@") ? limit.split(/[,;]/).map((part) => part.trim()) : [limit];
}

const SUBSCRIPT = /^(.+)\[(?:(-?\d+)|(\d*)([:-])(\d*))\]$/;

/** The hosts, in inventory order; `undefined` if neither a host nor a group fits. */
function matchOne(inventory: Inventory, text: string): Host[] | undefined {
  if (!text.startsWith("~")) {
    const match = SUBSCRIPT.exec(text);
    if (match?.[1] !== undefined) {
      const hosts = matchName(inventory, match[1]);
      if (hosts === undefined || hosts.length === 0) return hosts;
      if (match[2] !== undefined) {
        const host = hosts.at(Number(match[2]));
        return host ? [host] : [];
      }
      const start = match[3] ? Number(match[3]) : 0;
      const end = match[5] ? Number(match[5]) + 1 : hosts.length;
      return hosts.slice(start, end);
    }
  }
  return matchName(inventory, text);
}

function matchName(inventory: Inventory, text: string): Host[] | undefined {
  if (text === "all" || text === "*") return inventory.all.allHosts();
  const exact = inventory.groups.get(text);
  const found = new Set<Host>();
  let matched = false;
  const test = matcher(text);
  if (exact) {
    matched = true;
    for (const host of exact.allHosts()) found.add(host);
  } else if (/[*?[~]/.test(text)) {
    for (const group of inventory.groups.values()) {
      if (!test(group.name)) continue;
      matched = true;
      for (const host of group.allHosts()) found.add(host);
    }
  }
  // A name with wildcards may mean groups and hosts at once; a plain name is one or the other.
  if (!matched || /[*?[~]/.test(text)) {
    const named = inventory.hosts.get(text);
    if (named && !/[*?[~]/.test(text)) {
      matched = true;
      found.add(named);
    } else {
      for (const host of inventory.hosts.values()) {
        if (!test(host.name)) continue;
        matched = true;
        found.add(host);
      }
    }
  }
  if (!matched) {
    const local = inventory.find(text);
    if (local) return [local];
    return undefined;
  }
  return [...found];
}

function matcher(pattern: string): (name: string) => boolean {
  if (pattern.startsWith("~")) {
    let expression: RegExp;
    try {
      expression = new RegExp(`^(?:${pattern.slice(1)})`);
    } catch (error) {
      throw new LayerbookError(`Invalid host list pattern: ${pattern}: ${messageOf(error)}`);
    }
    return (name) => expression.test(name);
  }
  const expression = globExpression(pattern);
  return (name) => expression.test(name);
}

/** A shell glob as a regular expression: `*`, `?`, `[abc]`, `[!abc]`. */
export function globExpression(glob: string): RegExp {
  let source = "";
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i] ?? "";
    if (char === "*") source += "[\\s\\S]*";
    else if (char === "?") source += "[\\s\\S]";
    else if (char === "[") {
      const end = glob.indexOf("]", i + 2);
      if (end < 0) source += "\\[";
      else {
        const set = glob
          .slice(i + 1, end)
          .replace(/\\/g, "\\\\")
          .replace(/^!/, "^");
        source += `[${set}]`;
        i = end;
      }
    } else source += char.replace(/[\\^$.|+(){}]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}
