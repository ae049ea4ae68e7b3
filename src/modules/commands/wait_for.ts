/**
 * `ansible.builtin.wait_for`. Ports are looked up in the target's own tables or tried from the
 * target; where it has no tool for that, from the controller.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/wait_for_module.html
 */
import { setTimeout as sleep } from "node:timers/promises";
import { compileRegex, type Match } from "../../template/python/regex.ts";
import { latin, pathWord, unlatin } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { listOption, numberOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { activeConnections, portOpen, portSays } from "../lib/ports.ts";
import { pathInfo, readStatus } from "../lib/status.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.wait_for",
  summary: "Waits for a port, a file, or some time",
  options: {
    host: { type: "str", default: "127.0.0.1", description: "The host that has the port." },
    port: { type: "int", description: "The port to wait for." },
    path: { type: "path", description: "The file to wait for." },
    state: {
      type: "str",
      choices: ["absent", "drained", "present", "started", "stopped"],
      default: "started",
      description: "What to wait for.",
    },
    search_regex: {
      type: "str",
      description: "Expression that the file or the port's answer must match.",
    },
    timeout: { type: "int", default: 300, description: "Longest time to wait, in seconds." },
    delay: { type: "int", default: 0, description: "Seconds to wait before the first look." },
    sleep: { type: "int", default: 1, description: "Seconds between looks." },
    connect_timeout: { type: "int", default: 5, description: "Longest time for a connection." },
    active_connection_states: {
      type: "list",
      elements: "str",
      default: ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"],
      description: "States that count as connections, for `drained`.",
    },
    exclude_hosts: {
      type: "list",
      elements: "str",
      description: "Hosts whose connections do not count, for `drained`.",
    },
    msg: { type: "str", description: "Message for when it took too long." },
  },
  checkMode: "skip",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    elapsed: "Seconds that it took.",
    match_groups: "Groups of `search_regex`.",
    match_groupdict: "Named groups of `search_regex`.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) return { changed: false, skipped: true };
    const args = await expandPaths(context, spec, given);
    const begun = Date.now();
    const elapsed = () => Math.floor((Date.now() - begun) / 1000);
    const path = textOption(args, "path");
    const port = numberOption(args, "port");
    const state = textOption(args, "state") ?? "started";
    const timeout = numberOption(args, "timeout") ?? 300;
    if (port !== undefined && path !== undefined) {
      return fail("port and path parameter can not both be passed to wait_for", { elapsed: 0 });
    }
    if (path !== undefined && (state === "stopped" || state === "drained")) {
      return fail(
        state === "stopped"
          ? "state=stopped should only be used for checking a port in the wait_for module"
          : "state=drained should only be used for checking a port in the wait_for module",
        { elapsed: 0 },
      );
    }
    if (state === "drained" && port === undefined) {
      return fail("state=drained requires a port", { elapsed: 0 });
    }
    if (listOption(args, "exclude_hosts") && state !== "drained") {
      return fail("exclude_hosts should only be with state=drained", { elapsed: 0 });
    }
    const pause = (seconds: number) => sleep(seconds * 1000, undefined, { signal: context.signal });
    await pause(numberOption(args, "delay") ?? 0);
    let match: Match | undefined;
    if (port === undefined && path === undefined && state !== "drained") await pause(timeout);
    else {
      const end = begun + timeout * 1000;
      for (;;) {
        const seen = await look(context, args, state);
        if (seen.done) {
          match = seen.match;
          break;
        }
        if (Date.now() >= end)
          return fail(textOption(args, "msg") ?? lateMessage(args, state), { elapsed: elapsed() });
        await pause(
          Math.min(numberOption(args, "sleep") ?? 1, Math.max(0, (end - Date.now()) / 1000)),
        );
      }
    }
    const status = path === undefined ? undefined : await readStatus(context, path);
    return {
      state,
      port: port ?? null,
      search_regex: textOption(args, "search_regex") ?? null,
      match_groups: match
        ? match.groups.slice(1).map((g) => (g === undefined ? null : unlatin(g)))
        : [],
      match_groupdict: match ? namedGroups(match) : {},
      path: path ?? null,
      elapsed: elapsed(),
      ...pathInfo(status),
      changed: false,
    };
  },
);

function namedGroups(match: Match): Data {
  return Object.fromEntries(
    [...match.groupNames].map(([name, index]) => {
      const text = match.groups[index];
      return [name, text === undefined ? null : unlatin(text)];
    }),
  );
}

interface Seen {
  readonly done: boolean;
  readonly match?: Match | undefined;
}

/** Is it as it shall be? */
async function look(context: ModuleContext, args: Arguments, state: string): Promise<Seen> {
  const path = textOption(args, "path");
  const host = textOption(args, "host") ?? "127.0.0.1";
  const port = numberOption(args, "port") ?? 0;
  const patience = numberOption(args, "connect_timeout") ?? 5;
  const regexp = textOption(args, "search_regex");
  const expression =
    regexp === undefined
      ? undefined
      : compileRegex(latin(regexp), { ascii: true, multiline: true });
  const wantsAbsence = state === "absent" || state === "stopped";
  if (state === "drained") {
    const states = listOption(args, "active_connection_states") ?? [];
    const excluded = listOption(args, "exclude_hosts") ?? [];
    return { done: (await activeConnections(context, host, port, states, excluded)) === 0 };
  }
  if (path !== undefined) {
    const result = await context.sh(
      `p=${pathWord(path)}; [ -e "$p" ] || exit 1; ${expression ? '[ -d "$p" ] || cat "$p"; ' : ""}exit 0`,
    );
    if (wantsAbsence) {
      if (!expression || result.rc !== 0) return { done: result.rc !== 0 };
      return { done: !expression.search(result.stdout.toString("latin1")) };
    }
    if (result.rc !== 0 || !expression) return { done: result.rc === 0 };
    const match = expression.search(result.stdout.toString("latin1"));
    return { done: match !== undefined, match };
  }
  if (expression && !wantsAbsence) {
    const said = await portSays(
      context,
      host,
      port,
      patience,
      (text) => expression.search(text) !== undefined,
    );
    const match = said === undefined ? undefined : expression.search(said);
    return { done: match !== undefined, match };
  }
  const open = await portOpen(context, host, port, patience);
  return { done: wantsAbsence ? !open : open };
}

function lateMessage(args: Arguments, state: string): string {
  const path = textOption(args, "path");
  const place = `${textOption(args, "host") ?? "127.0.0.1"}:${numberOption(args, "port")}`;
  const regexp = textOption(args, "search_regex");
  if (state === "absent" || state === "stopped") {
    return path === undefined
      ? `Timeout when waiting for ${place} to stop.`
      : `Timeout when waiting for ${path} to be absent.`;
  }
  if (state === "drained") return `Timeout when waiting for ${place} to drain`;
  if (path !== undefined) {
    return regexp === undefined
      ? `Timeout when waiting for file ${path}`
      : `Timeout when waiting for search string ${regexp} in ${path}`;
  }
  return regexp === undefined
    ? `Timeout when waiting for ${place}`
    : `Timeout when waiting for search string ${regexp} in ${place}`;
}
