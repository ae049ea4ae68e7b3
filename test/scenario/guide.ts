/** Reads a page of the documentation as a script: files to write, and commands with what they print. */
import { readFileSync } from "node:fs";

export type GuideStep =
  | { readonly kind: "file"; readonly path: string; readonly content: string }
  | { readonly kind: "command"; readonly command: string; readonly printed: readonly string[] };

/** Blocks with a title are files; blocks of `console` are commands after `$` and lines of their output. */
export function readGuide(path: string): GuideStep[] {
  const steps: GuideStep[] = [];
  for (const [, info = "", body = ""] of readFileSync(path, "utf8").matchAll(
    /^```([^\n]*)\n([\s\S]*?)^```$/gm,
  )) {
    const title = /\btitle=(\S+)/.exec(info)?.[1];
    if (title !== undefined) steps.push({ kind: "file", path: title, content: body });
    else if (info.startsWith("console")) steps.push(...commands(body));
  }
  return steps;
}

function commands(body: string): GuideStep[] {
  const steps: { kind: "command"; command: string; printed: string[] }[] = [];
  for (const line of body.split("\n")) {
    if (line.startsWith("$ ")) steps.push({ kind: "command", command: line.slice(2), printed: [] });
    else if (line !== "") steps.at(-1)?.printed.push(line);
  }
  return steps;
}
