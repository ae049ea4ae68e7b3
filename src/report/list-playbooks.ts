/** What `--list-tasks`, `--list-tags`, `--list-hosts` and `--syntax-check` say of playbooks. */
import type { ParsedPlaybook, RunOptions } from "../engine/index.ts";
import { wordsOf } from "../engine/keyword-values.ts";
import { hostsOf } from "../engine/play-hosts.ts";
import { sectionsOf } from "../engine/play-run.ts";
import { TagSelection } from "../engine/tags.ts";
import { Block, type Part, type Play, type Task } from "../playbook/node.ts";
import { repr, str } from "../values/python.ts";

export interface Listed {
  readonly hosts: boolean;
  readonly tasks: boolean;
  readonly tags: boolean;
}

/** @returns lines, as `ansible-playbook` prints them */
export function listPlaybooks(
  playbooks: readonly ParsedPlaybook[],
  options: RunOptions,
  what: Listed,
): string[] {
  const lines: string[] = [];
  for (const [index, { file, plays }] of playbooks.entries()) {
    lines.push(`\nplaybook: ${options.playbooks[index] ?? file}`);
    if (!what.hosts && !what.tasks && !what.tags) continue;
    for (const [number, play] of plays.entries()) {
      lines.push(...listPlay(play, number + 1, options, what));
    }
  }
  return lines;
}

function listPlay(play: Play, number: number, options: RunOptions, what: Listed): string[] {
  const own = play.own("hosts") ?? [];
  const pattern = (Array.isArray(own) ? own : [own]).map((part) => str(part));
  const name = play.name ?? pattern.join(",");
  const playTags = sorted(wordsOf(play.effective("tags")));
  const lines = [
    `\n  play #${number} (${pattern.join(",")}): ${name}\tTAGS: [${playTags.join(",")}]`,
  ];
  if (what.hosts) {
    const hosts = hostsOf(options.inventory, pattern, options.limit, options.events);
    lines.push(`    pattern: ${repr(pattern)}`, `    hosts (${hosts.length}):`);
    for (const host of hosts) lines.push(`      ${host.name}`);
  }
  if (!what.tasks && !what.tags) return lines;
  const selection = new TagSelection(options.tags, options.skipTags);
  const tasks = chosenTasks(play, selection);
  if (what.tasks) {
    lines.push("    tasks:");
    for (const { task, tags } of tasks) {
      const title = task.name === undefined ? task.action : task.title(true);
      lines.push(`      ${title}\tTAGS: [${tags.join(", ")}]`);
    }
  }
  if (what.tags) {
    const all = new Set([...playTags, ...tasks.flatMap(({ tags }) => tags)]);
    lines.push(`      TASK TAGS: [${sorted(all).join(", ")}]`);
  }
  return lines;
}

interface TaggedTask {
  readonly task: Task;
  readonly tags: readonly string[];
}

/** Tasks that the tags choose; those of `rescue` and `always` only run when it comes to it. */
function chosenTasks(play: Play, selection: TagSelection): TaggedTask[] {
  const found: TaggedTask[] = [];
  const walk = (parts: readonly Part[]) => {
    for (const part of parts) {
      if (part instanceof Block) {
        walk(part.block);
        continue;
      }
      const tags = new Set(wordsOf(part.effective("tags")));
      if (selection.chooses(tags)) found.push({ task: part, tags: sorted(tags) });
    }
  };
  for (const section of sectionsOf(play)) walk(section.parts);
  return found;
}

function sorted(words: Iterable<string>): string[] {
  return [...new Set(words)].sort();
}
