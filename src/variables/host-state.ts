/** What is learnt about a host while playbooks run. */
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { untrusted } from "./layers.ts";

export class HostState {
  /** Facts under their own names, as `ansible_facts` shows them. */
  readonly facts = new Dict();
  /** Facts as variables of their own: `ansible_` before the name. */
  readonly injectedFacts = new Map<string, Value>();
  /** `include_vars`. */
  readonly included = new Map<string, Value>();
  /** `set_fact` and `register`. */
  readonly set = new Map<string, Value>();

  /** Facts that a module returned: `ansible_` is cut from the name in `ansible_facts`. */
  addFacts(facts: Dict): void {
    for (const [rawKey, value] of facts) {
      const key = str(rawKey);
      const safe = untrusted(value);
      this.facts.set(key === "ansible_local" ? key : key.replace(/^ansible_/, ""), safe);
      this.injectedFacts.set(key, safe);
    }
  }

  /** `meta: clear_facts`. */
  clearFacts(): void {
    this.facts.clear();
    this.injectedFacts.clear();
  }
}
