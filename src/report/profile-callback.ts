/**
 * `timer` and `profile_tasks` of ansible.posix: how long the run and its tasks took.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/posix/profile_tasks_callback.html
 */
import type { EngineEvent, Listener } from "../engine/events.ts";
import { type CallbackOptions, titleOf } from "./callback.ts";

export function timerCallback({ display }: CallbackOptions): Listener {
  const started = Date.now();
  return (event: EngineEvent) => {
    if (event.type !== "stats") return;
    const seconds = Math.floor((Date.now() - started) / 1000);
    const days = Math.floor(seconds / 86_400);
    const hours = Math.floor((seconds % 86_400) / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    display.show(
      `Playbook run took ${days} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds`,
    );
  };
}

/** How many tasks the summary lists. */
const LISTED = 20;

export function profileTasksCallback({ display }: CallbackOptions): Listener {
  const started = Date.now();
  let last = started;
  const tasks: { readonly title: string; readonly startedMs: number; endedMs: number }[] = [];
  const stamp = () => {
    const now = Date.now();
    const text = `${longTime(new Date(now))} (${clock(now - last)})       ${clock(now - started)}`;
    last = now;
    display.show(filled(text));
  };
  const end = () => {
    const task = tasks.at(-1);
    if (task) task.endedMs = Date.now();
  };
  return (event: EngineEvent) => {
    if (event.type === "task-start") {
      end();
      stamp();
      const now = Date.now();
      tasks.push({ title: titleOf(event.task), startedMs: now, endedMs: now });
    } else if (event.type === "stats") {
      end();
      stamp();
      display.show("=".repeat(79));
      const slowest = tasks
        .map((task) => ({ title: task.title, ms: task.endedMs - task.startedMs }))
        .sort((a, b) => b.ms - a.ms)
        .slice(0, LISTED);
      for (const { title, ms } of slowest) {
        const time = ` ${(ms / 1000).toFixed(2)}s`;
        display.show(`${`${title} `.padEnd(79 - time.length, "-")}${time}`);
      }
    }
  };
}

/** `0:01:05.123` */
function clock(ms: number): string {
  const seconds = ms / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${hours}:${two(minutes)}:${(seconds % 60).toFixed(3).padStart(6, "0")}`;
}

/** `Tuesday 24 November 2026  11:17:00 +0000` */
function longTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = date.toLocaleDateString("en", { weekday: "long" });
  const month = date.toLocaleDateString("en", { month: "long" });
  const zone = -date.getTimezoneOffset();
  const offset = `${zone < 0 ? "-" : "+"}${two(Math.floor(Math.abs(zone) / 60))}${two(Math.abs(zone) % 60)}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${two(date.getDate())} ${month} ${date.getFullYear()}  ${time} ${offset}`;
}

function filled(text: string): string {
  return `${text} `.padEnd(79, "*");
}
