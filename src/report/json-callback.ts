/**
 * The `json` output of ansible.posix: one document at the end of the run.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/posix/json_callback.html
 */
import { randomUUID } from "node:crypto";
import type { EngineEvent, EventOf, Listener, TaskInfo } from "../engine/events.ts";
import { Dict, type Value } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import { type CallbackOptions, type HostResultEvent, jsonOf, titleOf } from "./callback.ts";

export function jsonCallback(options: CallbackOptions): Listener {
  const { display } = options;
  const plays: Dict[] = [];
  let tasks: Value[] = [];
  let duration = new Dict();
  let current: { id: string; hosts: Dict; duration: Dict } | undefined;

  const startTask = (task: TaskInfo) => {
    const time = now();
    const times = new Dict([["start", time]]);
    const entry = new Dict() as Dict;
    const position = task.position;
    entry.set(
      "task",
      new Dict([
        ["name", titleOf(task)],
        ["id", randomUUID()],
        ["path", position ? `${position.file}:${position.line}` : ""],
        ["duration", times],
      ]),
    );
    const hosts = new Dict();
    entry.set("hosts", hosts);
    tasks.push(entry);
    current = { id: task.id, hosts, duration: times };
  };

  const record = (event: HostResultEvent) => {
    if (current?.id !== event.task.id) startTask(event.task);
    if (!current) return;
    const end = now();
    const result = new Dict(event.result);
    result.set("action", event.task.action);
    if (!result.has("changed")) result.set("changed", event.status === "changed");
    if (event.status === "failed") result.set("failed", true);
    if (event.status === "skipped") result.set("skipped", true);
    if (event.status === "unreachable") result.set("unreachable", true);
    current.hosts.set(event.host, result);
    current.duration.set("end", end);
    duration.set("end", end);
  };

  const finish = (event: EventOf<"stats">) => {
    const custom = new Dict();
    for (const [host, stats] of event.custom) if (host !== "_run") custom.set(host, stats);
    const stats = new Dict();
    for (const [host, counts] of [...event.hosts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { failed, ...rest } = counts;
      stats.set(host, fromJson({ ...rest, failures: failed }));
    }
    const output = new Dict([
      ["plays", plays],
      ["stats", stats],
      ["custom_stats", custom],
      ["global_custom_stats", event.custom.get("_run") ?? new Dict()],
    ]);
    display.show(jsonOf(output, { indent: 4 }));
  };

  return (event: EngineEvent) => {
    switch (event.type) {
      case "play-start": {
        tasks = [];
        duration = new Dict([["start", now()]]);
        current = undefined;
        plays.push(
          new Dict([
            [
              "play",
              new Dict([
                ["name", event.play.name],
                ["id", randomUUID()],
                ["path", event.play.path ?? ""],
                ["duration", duration],
              ]),
            ],
            ["tasks", tasks],
          ]) as Dict,
        );
        break;
      }
      case "task-start":
        startTask(event.task);
        break;
      case "host-result":
        record(event);
        break;
      case "warning":
        display.warn(event.message);
        break;
      case "deprecation":
        display.deprecate(event.message);
        break;
      case "stats":
        finish(event);
        break;
      default:
        break;
    }
  };
}

/** `2024-01-31T12:00:00.123456Z` */
function now(): string {
  return `${new Date().toISOString().slice(0, -1)}000Z`;
}
