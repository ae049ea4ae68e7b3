/** One host on its way through one play. */
import type { Host } from "../inventory/inventory.ts";
import type { Task } from "../playbook/node.ts";
import type { Role } from "../playbook/role.ts";

export type HostFlow =
  /** On its way. */
  | "running"
  /** A task failed and nothing rescued it. */
  | "failed"
  | "unreachable"
  /** `meta: end_host`, `end_play`, `end_batch`. */
  | "ended";

export class HostRun {
  readonly host: Host;
  flow: HostFlow = "running";
  /** `meta: clear_host_errors`: later plays take it again, whatever has become of it in this one. */
  forgiven = false;
  /** What tasks have notified since the last flush: which handlers are meant is known only there. */
  readonly notifications = new Set<string>();
  /** Handlers that are still to run in this flush. */
  readonly notified = new Set<Task>();
  /** Roles of which a task has run, or failed, on this host. */
  readonly startedRoles = new Set<Role>();
  /** Roles that this host has gone through: identities of `Role`. */
  readonly completedRoles = new Set<string>();
  /** Blocks with a rescue that it is in the first section of. */
  rescueDepth = 0;
  /** Blocks with an `always` that is still to come. */
  alwaysDepth = 0;

  constructor(host: Host) {
    this.host = host;
  }

  /** Does a rescue or always follow when a task fails now? */
  get isCaught(): boolean {
    return this.rescueDepth > 0 || this.alwaysDepth > 0;
  }

  get isRunning(): boolean {
    return this.flow === "running";
  }
}
