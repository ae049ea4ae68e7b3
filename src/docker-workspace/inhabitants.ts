/** Processes and files in memory of a container: what is no part of a layer. */
import type { Place } from "./listing.ts";

/** The shell that runs this, or the one above it, is no one's leftover; neither is what was there before. */
const LEFT = `
read -r lb_self lb_rest </proc/self/stat
for lb_p in /proc/[0-9]*; do
  lb_n=\${lb_p#/proc/}
  if [ "$lb_n" = $$ ] || [ "$lb_n" = "$lb_self" ]; then continue; fi
  lb_s=
  { read -r lb_s <"$lb_p/stat"; } 2>/dev/null || continue
  lb_s=\${lb_s##*) }
  case "$lb_s" in Z*|X*) continue ;; esac
  set -- $lb_s
  printf 'P %s.%s ' "$lb_n" "\${20}"; { cat "$lb_p/cmdline" || :; } 2>/dev/null; printf '\\n'
done
for lb_f in /dev/shm/* /dev/shm/.[!.]* /dev/mqueue/* /dev/*; do
  if [ -e "$lb_f" ]; then printf 'F %s\\n' "$lb_f"; fi
done
`;

/** Processes (by id and start) and files in memory that are there for another reason than a script. */
export type Inhabitants = ReadonlyMap<string, string>;

export async function inhabitants({ connection, tools }: Place): Promise<Inhabitants> {
  const { stdout } = await connection.run(LEFT);
  const found = new Map<string, string>();
  for (const line of stdout.toString("utf8").split("\n")) {
    if (line.startsWith("F ")) {
      const path = line.slice(2);
      const inMemory = path.startsWith("/dev/shm/") || path.startsWith("/dev/mqueue/");
      if (inMemory || !tools.devices.has(path.slice("/dev/".length))) {
        found.set(path, `${path} (a file in memory)`);
      }
    } else if (line.startsWith("P ")) {
      const [, id = "", pid, words = ""] = /^P ((\d+)\.\S*) (.*)$/s.exec(line) ?? [];
      const command = words.replaceAll("\0", " ").replace(/\s+/g, " ").trim();
      // A kernel thread or one that ended meanwhile has no command line.
      if (command === "") continue;
      const shown = command.includes("lb_op")
        ? "a part of a script that runs in the background"
        : command;
      found.set(id, `${shown.length > 120 ? `${shown.slice(0, 119)}…` : shown} (process ${pid})`);
    }
  }
  return found;
}

/**
 * Processes and files in memory that scripts left, in words for the user.
 * @param before what was there when the first script began
 */
export async function leftovers(place: Place, before: Inhabitants = new Map()): Promise<string[]> {
  const now = await inhabitants(place);
  return [...now].filter(([id]) => !before.has(id)).map(([, words]) => words);
}
