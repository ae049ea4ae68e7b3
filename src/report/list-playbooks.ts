/** What `--list-tasks`, `--list-tags`, `--list-hosts` and `--syntax-check` say of playbooks. */
import type { ParsedPlaybook, RunOptions } from "../engine/index.ts";
import { wordsOf } from "../engine/keyword-values.ts";
import { hostsOf } from "../engine/play-hosts.ts";
import { sectionsOf } from "../engine/play-run.ts";
import { TagSelection } from "../engine/tags.ts";
import { Block, type Node, type Part, type Play, type Task } from "../playbook/node.ts";
import type { Value } from "../values/model.ts";
import { repr, str } from "../values/python.ts";

export interface Listed {
  readonly hosts: boolean;
  readonly tasks: boolean;
  readonly tags: boolean;
}

/** Templates a keyword of a node with what is known before anything runs. */
export type TemplateOf = (value: Value, node: Node) => Value;

/** @returns lines, as `ansible-playbook` prints them */
export function listPlaybooks(
  playbooks: readonly ParsedPlaybook[],
  options: RunOptions,
  what: Listed,
  template: TemplateOf,
): string[] {
  const lines: string[] = [];
  for (const [index, { file, plays }] of playbooks.entries()) {
    lines.push(`\nplaybook: ${options.playbooks[index] ?? file}`);
    if (!what.hosts && !what.tasks && !what.tags) continue;
    for (const [number, play] of plays.entries()) {
      lines.push(...listPlay(play, number + 1, options, what, template));
    }
  }
  return lines;
}

function listPlay(
  play: Play,
  number: number,
  options: RunOptions,
  what: Listed,
  template: TemplateOf,
): string[] {
  const own = play.own("hosts") ?? [];
  const pattern = (Array.isArray(own) ? own : [own]).map((part) => str(part));
  const name = play.name ?? pattern.join(",");
  const playTags = sorted(tagsOf(play, template));
  const lines = [
    `\n  play #${number} (${pattern.join(",")}): ${name}\tTAGS: [${playTags.join(",")}]`,
  ];
  if (what.hosts) {
    const { inventory, limit, events, settings } = options;
    const hosts = hostsOf(inventory, pattern, limit, events, settings);
    lines.push(`    pattern: ${repr(pattern)}`, `    hosts (${hosts.length}):`);
    for (const host of hosts) lines.push(`      ${host.name}`);
  }
  if (!what.tasks && !what.tags) return lines;
  const selection = new TagSelection(options.tags, options.skipTags);
  const tasks = chosenTasks(play, selection, template);
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
function chosenTasks(play: Play, selection: TagSelection, template: TemplateOf): TaggedTask[] {
  const found: TaggedTask[] = [];
  const walk = (parts: readonly Part[]) => {
    for (const part of parts) {
      if (part instanceof Block) {
        walk(part.block);
        continue;
      }
      const tags = new Set(tagsOf(part, template));
      if (selection.chooses(tags)) found.push({ task: part, tags: sorted(tags) });
    }
  };
  for (const section of sectionsOf(play)) walk(section.parts);
  return found;
}

/** Tags may be templates of what is known before anything runs. */
function tagsOf(node: Node, template: TemplateOf): string[] {
  const written = node.effective("tags");
  if (written === undefined) return [];
  try {
    return wordsOf(template(written, node));
  } catch {
    return wordsOf(written);
  }
}

function sorted(words: Iterable<string>): string[] {
  return [...new Set(words)].sort();
}
