/** Retry files: the hosts that a playbook failed on, to be given to `--limit @FILE`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { messageOf } from "../errors/index.ts";
import type { RunState } from "./run-state.ts";

/** Writes it if the settings ask for it and there are such hosts. */
export function writeRetryFile(run: RunState, playbook: string): void {
  const { events, settings } = run.options;
  const hosts = [...new Set([...run.failed, ...run.unreachable])].sort();
  if (!settings.bool("RETRY_FILES_ENABLED") || hosts.length === 0) return;
  const directory = settings.text("RETRY_FILES_SAVE_PATH") ?? dirname(resolve(playbook));
  const file = join(directory, `${basename(playbook, extname(playbook))}.retry`);
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, hosts.map((host) => `${host}\n`).join(""));
  } catch (error) {
    events.warn(`Could not create retry file '${file}'. ${messageOf(error)}`);
    return;
  }
  events.emit({ type: "retry-file", file });
}
