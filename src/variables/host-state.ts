/** What is learnt about a host while playbooks run. */
import { Dict, type Value } from "../values/model.ts";
import { str, truth } from "../values/python.ts";
import type { FactCache } from "./fact-cache.ts";
import { untrusted } from "./layers.ts";

/** Under this name a cache notes that facts were gathered. */
const GATHERED = "_ansible_facts_gathered";

export class HostState {
  /** Facts under their own names, as `ansible_facts` shows them. */
  readonly facts = new Dict();
  /** Facts as variables of their own: `ansible_` before the name. */
  readonly injectedFacts = new Map<string, Value>();
  /** `include_vars`. */
  readonly included = new Map<string, Value>();
  /** `set_fact` and `register`. */
  readonly set = new Map<string, Value>();
  /** A play has gathered facts of the host. */
  hasGathered = false;
  readonly #host: string;
  readonly #cache: FactCache | undefined;

  /** @param cache facts of earlier runs; what is learnt is kept there */
  constructor(host: string, cache?: FactCache) {
    this.#host = host;
    this.#cache = cache;
    const kept = cache?.load(host);
    if (!kept) return;
    this.hasGathered = truth(kept.get(GATHERED) ?? false);
    this.#take(kept);
  }

  /** Facts that a module returned: `ansible_` is cut from the name in `ansible_facts`. */
  addFacts(facts: Dict): void {
    this.#take(facts);
    this.#keep();
  }

  /** Notes that facts were gathered, for `gathering = smart`. */
  noteGathered(): void {
    this.hasGathered = true;
    this.#keep();
  }

  #keep(): void {
    if (!this.#cache || this.injectedFacts.size === 0) return;
    this.#cache.save(this.#host, new Map([...this.injectedFacts, [GATHERED, this.hasGathered]]));
  }

  #take(facts: Dict): void {
    for (const [rawKey, value] of facts) {
      const key = str(rawKey);
      if (key === GATHERED) continue;
      const safe = untrusted(value);
      this.facts.set(key === "ansible_local" ? key : key.replace(/^ansible_/, ""), safe);
      this.injectedFacts.set(key, safe);
    }
  }

  /** `meta: clear_facts`. */
  clearFacts(): void {
    this.facts.clear();
    this.injectedFacts.clear();
    this.hasGathered = false;
    this.#cache?.forget(this.#host);
  }
}
