/** Facts that a host has about itself: files under /etc/ansible/facts.d. */
import type { Data } from "../../module.ts";
import type { FactReport } from "./source.ts";

export function localFacts(report: FactReport): Data {
  const facts: Record<string, Data> = {};
  for (const [part, content] of report.parts) {
    const [kind = "", name] = part.split(/:(.*)/s, 2);
    if (name === undefined || (kind !== "run" && kind !== "local")) continue;
    let text = content;
    if (kind === "run") {
      const end = content.indexOf("\n");
      const code = content.slice(0, end);
      text = content.slice(end + 1);
      if (code !== "0") {
        facts[name] = `Failure executing fact script (${name}.fact), rc: ${code}, err: ${text}`;
        continue;
      }
    }
    facts[name] = parseFact(text, name);
  }
  return facts;
}

function parseFact(text: string, name: string): Data {
  try {
    return JSON.parse(text) as Data;
  } catch {
    return (
      parseIni(text) ?? `error loading facts as JSON or ini - please check content: ${name}.fact`
    );
  }
}

/** Sections of `key = value`; keys are lower case. `undefined` if it is no such file. */
function parseIni(text: string): Data | undefined {
  const sections: Record<string, Record<string, string>> = {};
  let current: Record<string, string> | undefined;
  let last: string | undefined;
  for (const line of text.split("\n")) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const header = /^\[(.+)\]\s*$/.exec(line)?.[1];
    if (header !== undefined) {
      current = sections[header] ?? {};
      sections[header] = current;
      last = undefined;
      continue;
    }
    if (!current) return undefined;
    if (/^\s/.test(line) && last !== undefined) {
      current[last] += `\n${line.trim()}`;
      continue;
    }
    const pair = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line);
    if (!pair) return undefined;
    last = (pair[1] ?? "").toLowerCase();
    current[last] = (pair[2] ?? "").trim();
  }
  return sections;
}
