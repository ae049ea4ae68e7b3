/** ansible.builtin.pause: waits for a time, or for somebody at the terminal. */
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.pause",
  summary: "Pause playbook execution",
  options: {
    minutes: { type: "float", description: "How long, in minutes." },
    seconds: { type: "float", description: "How long, in seconds." },
    prompt: { type: "str", description: "What to say." },
    echo: { type: "bool", description: "Show what is typed.", default: true },
  },
  mutuallyExclusive: [["minutes", "seconds"]],
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: {
    user_input: "What was typed.",
    start: "When it began.",
    stop: "When it ended.",
    delta: "Seconds that it took.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const started = new Date();
  const seconds =
    args.seconds !== undefined
      ? numberOf(args.seconds)
      : args.minutes !== undefined
        ? numberOf(args.minutes) * 60
        : undefined;
  let input = "";
  if (seconds !== undefined) {
    await sleep(Math.max(seconds, 0) * 1000, undefined, { signal: context.signal });
  } else if (process.stdin.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const prompt = String(args.prompt ?? "Press enter to continue, Ctrl+C to interrupt");
    try {
      input = await terminal.question(`${prompt}:\n`, { signal: context.signal });
    } finally {
      terminal.close();
    }
  } else context.warn("Not waiting for response to prompt as stdin is not interactive");
  const stopped = new Date();
  const delta = Math.floor((stopped.getTime() - started.getTime()) / 1000);
  return {
    changed: false,
    rc: 0,
    stderr: "",
    stdout: `Paused for ${(delta / (args.minutes === undefined ? 1 : 60)).toFixed(2)} ${args.minutes === undefined ? "seconds" : "minutes"}`,
    start: local(started),
    stop: local(stopped),
    delta,
    echo: args.echo ?? true,
    user_input: input,
  };
}

function numberOf(value: unknown): number {
  return typeof value === "object" && value !== null && "value" in value
    ? Number(value.value)
    : Number(value);
}

function local(date: Date): string {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return `${shifted.toISOString().slice(0, 23).replace("T", " ")}000`;
}
