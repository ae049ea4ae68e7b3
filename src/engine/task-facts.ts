/** Facts that a task's result brings, and whose they are. */
import type { Host } from "../inventory/inventory.ts";
import type { LoadedModule } from "../modules/registry.ts";
import { builtinName } from "../playbook/actions.ts";
import { Dict } from "../values/model.ts";
import { str, truth } from "../values/python.ts";
import type { HostTask } from "./host-task.ts";
import { flagKeyword } from "./keyword-values.ts";
import type { Scope } from "./run-state.ts";
import type { Target } from "./target.ts";
import { isGathering } from "./task-info.ts";

/** Keeps `ansible_facts` of a result: of `set_fact` and `include_vars` as variables. */
export function takeFacts(
  on: HostTask,
  scope: Scope,
  module: LoadedModule,
  target: Target,
  result: Dict,
): void {
  const facts = result.get("ansible_facts");
  if (!(facts instanceof Dict)) return;
  const toDelegate = target.delegated && (flagKeyword(scope, on.task, "delegate_facts") ?? false);
  const hosts = toDelegate ? [target.host] : factHosts(on, scope);
  for (const host of hosts) {
    const state = on.run.variables.state(host);
    switch (builtinName(module.name)) {
      case "set_fact":
        for (const [key, value] of facts) {
          state.set.set(str(key), value);
        }
        if (truth(result.get("_ansible_facts_cacheable") ?? false)) state.addFacts(facts);
        break;
      case "include_vars":
        for (const [key, value] of facts) state.included.set(str(key), value);
        break;
      default:
        state.addFacts(facts);
        if (isGathering(on.task) || builtinName(module.name) === "gather_facts") {
          state.noteGathered();
        }
    }
  }
  result.delete("_ansible_facts_cacheable");
}

/** With `run_once` what is learnt counts for all hosts of the batch. */
function factHosts(on: HostTask, scope: Scope): Host[] {
  if (!(flagKeyword(scope, on.task, "run_once") ?? false)) return [on.hostRun.host];
  const { inventory } = on.run.options;
  return on.play.hosts.batch().flatMap((name) => inventory.find(name) ?? []);
}
