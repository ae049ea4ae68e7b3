/** What Docker Compose tells of its work on standard error, a line an event. */

export interface ComposeEvent {
  /** `container`, `network`, `volume`, `image`, `service`. */
  readonly what: string;
  readonly id: string;
  /** What is being done: `Creating`, `Starting`, `Stopping`, `Pulling`, ... */
  readonly status: string;
}

/** Lines of work that begins, and its name when the line says that it is done. */
const WORK: Readonly<Record<string, string>> = {
  Created: "Creating",
  Creating: "Creating",
  Recreated: "Recreating",
  Recreate: "Recreating",
  Started: "Starting",
  Starting: "Starting",
  Restarted: "Restarting",
  Restarting: "Restarting",
  Stopped: "Stopping",
  Stopping: "Stopping",
  Killed: "Killing",
  Killing: "Killing",
  Removed: "Removing",
  Removing: "Removing",
  Pulled: "Pulling",
  Pulling: "Pulling",
  Built: "Building",
  Building: "Building",
};

/** Every piece of work once, in the order in which it was begun. Lines that tell no change are left out. */
export function composeEvents(stderr: string): ComposeEvent[] {
  const found = new Map<string, ComposeEvent>();
  for (const line of stderr.split("\n")) {
    const text = line.replace(/^\s*(?:DRY-RUN MODE -\s+)?/, "").trimEnd();
    const match =
      /^(Container|Network|Volume|Image|Service)\s+"?(.+?)"?\s+([A-Z][a-z]+)\b.*$/.exec(text) ??
      /^()(\S+)\s+(Pulled|Pulling|Built|Building)\b.*$/.exec(text);
    const status = WORK[match?.[3] ?? ""];
    if (!match || status === undefined) continue;
    const what = match[1] ? match[1].toLowerCase() : status === "Building" ? "image" : "service";
    const event = { what, id: match[2] ?? "", status };
    found.set(`${event.what}\0${event.id}\0${event.status}`, event);
  }
  return [...found.values()];
}
