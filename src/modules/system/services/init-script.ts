/** Init scripts: their status, and starting and stopping by them. */
import { quote } from "../../../connection/connection.ts";
import { errorOf, outputOf } from "../../lib/sections.ts";
import type { ModuleContext, ModuleResult, RunResult } from "../../module.ts";
import type { ServiceState } from "./inspect.ts";

export interface InitWish {
  readonly name: string;
  readonly state: string | undefined;
  readonly arguments?: string | undefined;
  /** Seconds between stop and start of a restart. */
  readonly sleep?: number | undefined;
  /** Looked for in the process list when the script has no status. */
  readonly pattern?: string | undefined;
}

/** The command of an action, by `service`, OpenRC, or the script itself. */
export function actionCommand(
  service: ServiceState,
  name: string,
  action: string,
  extra: string | undefined,
): string {
  const path = "PATH=$PATH:/usr/sbin:/sbin";
  const more = extra ? ` ${extra}` : "";
  if (service.openrc && service.initScript) {
    return `${path} rc-service ${quote(name)} ${action}${more}`;
  }
  if (service.booted && service.unit) {
    return `systemctl ${action} ${quote(name)}`;
  }
  if (service.upstart) return `${path} initctl ${action} ${quote(name)}${more}`;
  if (service.service) return `${path} service ${quote(name)} ${action}${more}`;
  return `${service.initScript ?? "false"} ${action}${more}`;
}

/** Does the output of `status` say that the service runs? `undefined` if it does not say. */
export function runningFrom(service: ServiceState, status: RunResult): boolean | undefined {
  const text = `${outputOf(status)}${errorOf(status)}`.toLowerCase();
  if (service.openrc) return /started/.test(text) && !/not started/.test(text);
  if (/^(active|inactive|failed|activating)/m.test(text)) return /^(active|activating)/m.test(text);
  if (status.rc === 3) return false;
  if (/dead (but subsys locked|but pid file exists|and pid file exists)/.test(text)) return false;
  if (/could not access pid file/.test(text)) return false;
  if (/stop/.test(text)) return false;
  if (/run/.test(text)) return !/not/.test(text);
  if (/start/.test(text) && !/not/.test(text)) return true;
  if ([1, 2, 3, 4, 69].includes(status.rc)) return false;
  if (status.rc === 0) return true;
  return undefined;
}

/** Brings a service to a state by its init script, as far as it is not in it. */
export async function runInitScript(
  context: ModuleContext,
  wish: InitWish,
  service: ServiceState,
): Promise<ModuleResult> {
  const { name, state } = wish;
  if (state === undefined) return { changed: false };
  if (!service.initScript && !service.booted && !service.upstart) {
    return {
      failed: true,
      msg: `no service or tool found for: ${name}`,
    };
  }
  const asked = await context.sh(
    wish.pattern === undefined
      ? actionCommand(service, name, "status", undefined)
      : `for lb_p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <"$lb_p" 2>/dev/null; echo; done | grep -F -e ${quote(wish.pattern)} | grep -vq 'grep -F'`,
  );
  const running = wish.pattern === undefined ? runningFrom(service, asked) : asked.rc === 0;
  const action =
    state === "started"
      ? running
        ? undefined
        : "start"
      : state === "stopped"
        ? running === false
          ? undefined
          : "stop"
        : state === "reloaded"
          ? running
            ? "reload"
            : "start"
          : "restart";
  if (action === undefined) return { changed: false };
  if (context.checkMode) return { changed: true, msg: "service state changed" };
  const command = (verb: string) => actionCommand(service, name, verb, wish.arguments);
  // The daemon must not hold the streams of the connection open.
  const quiet = (line: string) => `${line} </dev/null >"$lb_out" 2>&1`;
  const done = await context.sh(
    `lb_out=$(mktemp) || exit
${
  // Not every script knows how to restart. That it starts is what counts: stopping what has already
  // gone may fail.
  action === "restart"
    ? `${quiet(command("stop"))}; sleep ${wish.sleep ?? (service.initScript ? 0 : 1)}; ${quiet(command("start")).replace(' >"$lb_out"', ' >>"$lb_out"')}`
    : quiet(command(action))
}
lb_rc=$?; cat "$lb_out"; rm -f "$lb_out"; exit $lb_rc`,
  );
  if (done.rc !== 0 && !(action === "stop" && running !== true)) {
    const said = outputOf(done);
    return {
      failed: true,
      msg: said.trim() || `Failed to ${action} the service '${name}'`,
      rc: done.rc,
    };
  }
  return { changed: true, stdout: outputOf(done) };
}
