/**
 * Facts are of two kinds. Those of the image (distribution, package manager, users) are part of the
 * memoised outcome. Those of the moment and the builder (date, memory, processors, kernel) are never
 * stored: on a hit they are read from this machine, whose kernel the sandbox shares.
 */
import { connectLocal } from "../connection/local.ts";
import type { Step } from "../engine/runner.ts";
import type { Data, ModuleContext, ModuleResult } from "../modules/module.ts";
import { gatherKind, isImageFact } from "../modules/system/setup.ts";

const FACT_MODULES = new Set(["ansible.builtin.setup", "ansible.builtin.gather_facts"]);

type Facts = Readonly<Record<string, Data>>;

export class LiveFacts {
  readonly #isOfImage: (name: string) => boolean;
  readonly #read: (step: Step) => Promise<Facts>;

  /**
   * @param isOfImage is that fact a property of the image?
   * @param read gathers the other facts on this machine, honouring the step's gather_subset and filter
   */
  constructor(isOfImage: (name: string) => boolean, read: (step: Step) => Promise<Facts>) {
    this.#isOfImage = isOfImage;
    this.#read = read;
  }

  /** The result as it is stored. */
  withoutLive(step: Step, result: ModuleResult): ModuleResult {
    if (!FACT_MODULES.has(step.module.name) || !result.ansible_facts) return result;
    return { ...result, ansible_facts: this.#filter(result.ansible_facts, true) };
  }

  /** The stored result with the facts of now. */
  async withLive(step: Step, result: ModuleResult): Promise<ModuleResult> {
    if (!FACT_MODULES.has(step.module.name) || !result.ansible_facts) return result;
    const live = this.#filter(await this.#read(step), false);
    return { ...result, ansible_facts: { ...live, ...result.ansible_facts } };
  }

  #filter(facts: Facts, ofImage: boolean): Facts {
    const kept = Object.entries(facts).filter(([name]) => this.#isOfImage(name) === ofImage);
    return Object.fromEntries(kept);
  }
}

/** Of the moment on a machine, but the same in every sandbox of an image. */
const OF_THE_SANDBOX: ReadonlySet<string> = new Set([
  "ansible_domain",
  "ansible_env",
  "ansible_fqdn",
  "ansible_hostname",
  "ansible_nodename",
  "ansible_selinux",
  "ansible_selinux_python_present",
]);

/** The facts that are not the image's, gathered on this machine by the same module. */
export function liveFactsOfThisMachine(): LiveFacts {
  const read = async (step: Step): Promise<Facts> => {
    const connection = connectLocal();
    try {
      const context = elsewhere(step.context, (script, options) => connection.run(script, options));
      return (await gatherKind(context, step.args, "moment")).ansible_facts ?? {};
    } finally {
      await connection.close();
    }
  };
  return new LiveFacts((name) => isImageFact(name) || OF_THE_SANDBOX.has(name), read);
}

/** The same context, whose scripts run in another place. */
function elsewhere(context: ModuleContext, sh: ModuleContext["sh"]): ModuleContext {
  return new Proxy(context, {
    get: (target, name) => {
      if (name === "sh") return sh;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
