/** Ansible's outputs by the names that `stdout_callback` and `callbacks_enabled` give them. */
import type { Listener } from "../engine/events.ts";
import { UnsupportedError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import type { CallbackOptions } from "./callback.ts";

type Load = () => Promise<(options: CallbackOptions) => Listener>;

/** Adding one is adding a row. */
export const STDOUT_CALLBACKS: Readonly<Record<string, Load>> = {
  default: async () => (await import("./default-callback.ts")).defaultCallback,
  json: async () => (await import("./json-callback.ts")).jsonCallback,
  minimal: async () => (await import("./minimal-callback.ts")).minimalCallback,
  oneline: async () => (await import("./oneline-callback.ts")).onelineCallback,
  yaml: async () => (await import("./yaml-callback.ts")).yamlCallback,
};

/** Outputs that add to the main one. */
export const FURTHER_CALLBACKS: Readonly<Record<string, Load>> = {
  profile_tasks: async () => (await import("./profile-callback.ts")).profileTasksCallback,
  timer: async () => (await import("./profile-callback.ts")).timerCallback,
};

/** `ansible.builtin.default`, `community.general.yaml` and `ansible.posix.json` by their short names. */
function shortName(name: string): string {
  return name.replace(/^(ansible\.(builtin|legacy|posix)|community\.general)\./, "");
}

/**
 * What prints a run.
 * @throws UnsupportedError for a name that none has: other output than was asked for would be read wrongly
 */
export async function openCallback(name: string, options: CallbackOptions): Promise<Listener> {
  const short = shortName(name);
  const load = Object.hasOwn(STDOUT_CALLBACKS, short) ? STDOUT_CALLBACKS[short] : undefined;
  if (load) return (await load())(options);
  const known = Object.keys(STDOUT_CALLBACKS);
  const meant = nearest(short, known);
  throw new UnsupportedError(`the output '${name}' (stdout_callback) is not supported`, {
    hint: meant ? `Did you mean '${meant}'?` : `There are ${known.join(", ")}.`,
    exitCode: 1,
  });
}

/** Those of `callbacks_enabled`; one that is not there is warned of. */
export async function openFurtherCallbacks(
  names: readonly string[],
  options: CallbackOptions,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  for (const name of names) {
    const short = shortName(name);
    const load = Object.hasOwn(FURTHER_CALLBACKS, short) ? FURTHER_CALLBACKS[short] : undefined;
    if (load) listeners.push((await load())(options));
    else if (!Object.hasOwn(STDOUT_CALLBACKS, short)) {
      options.display.warn(`Skipping callback plugin '${name}', unable to load`);
    }
  }
  return listeners;
}
