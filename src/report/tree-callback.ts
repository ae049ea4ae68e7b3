/** `--tree`: a file for each host, with its result. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent, Listener } from "../engine/events.ts";
import { jsonOf, shownResult } from "./callback.ts";

/** @param directory is made when it is not there */
export function treeCallback(directory: string): Listener {
  mkdirSync(directory, { recursive: true });
  return (event: EngineEvent) => {
    if (event.type !== "host-result") return;
    const name = event.host.replaceAll("/", "_");
    writeFileSync(join(directory, name), `${jsonOf(shownResult(event, 0))}\n`);
  };
}
