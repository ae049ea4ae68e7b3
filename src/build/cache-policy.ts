/** When a remembered step may be used: what the user has said about trust. */
import type { Step } from "../engine/runner.ts";
import { UsageError } from "../errors/index.ts";
import { textOf } from "../values/model.ts";
import type { StepRecord } from "./step-store.ts";

/** Tag of a task that is never replayed and never stored. */
export const NEVER_CACHE = "never-cache";
/** Variable that gives steps a time to live: `1h`, `7d`; for steps that ask the network for "latest". */
export const TTL_VARIABLE = "layerbook_cache_ttl";

const UNITS: Readonly<Record<string, number>> = {
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86400e3,
  w: 604800e3,
};

/**
 * Milliseconds of `90s`, `15m`, `12h`, `7d`, `2w`.
 * @throws UsageError for anything else
 */
export function parseAge(text: string): number {
  const match = /^(\d+)([smhdw])$/.exec(text.trim());
  if (!match) {
    throw new UsageError(`'${text}' is not a length of time`, {
      hint: "Write a number and one of s, m, h, d, w: 12h, 7d.",
    });
  }
  return Number(match[1]) * (UNITS[match[2] ?? "s"] ?? 0);
}

/** `45 s`, `12 min`, `3 h`, `5 d`: how old something is. */
export function ageText(ms: number): string {
  const units = [
    ["d", 86400e3],
    ["h", 3600e3],
    ["min", 60e3],
  ] as const;
  const [unit, length] = units.find(([, size]) => ms >= size) ?? ["s", 1e3];
  return `${Math.floor(ms / length)} ${unit}`;
}

export class CachePolicy {
  readonly #off: boolean;
  readonly #from: string | undefined;
  #reached = false;

  /**
   * @param off replay nothing (`--no-cache`); outcomes are still stored
   * @param from replay nothing from the task of that name on (`--no-cache-from`)
   */
  constructor(off: boolean, from: string | undefined) {
    this.#off = off;
    this.#from = from;
  }

  /** Was the task of `--no-cache-from` met? */
  get reachedFrom(): boolean {
    return this.#from === undefined || this.#reached;
  }

  /** How the user has said that a step must not be replayed; for one that {@link mayReplay} refuses. */
  refusal(step: Step): string {
    if (!this.mayStore(step)) return `it has the tag ${NEVER_CACHE}`;
    return this.#off ? "--no-cache" : `--no-cache-from '${this.#from ?? ""}'`;
  }

  mayReplay(step: Step): boolean {
    if (this.#from !== undefined) {
      const full = step.role ? `${step.role} : ${step.name}` : step.name;
      if (this.#from === step.name || this.#from === full) this.#reached = true;
    }
    return !this.#off && !(this.#from !== undefined && this.#reached) && this.mayStore(step);
  }

  mayStore(step: Step): boolean {
    return !step.tags.includes(NEVER_CACHE) && !step.module.module.spec.neverCached;
  }

  isFresh(step: Step, record: StepRecord): boolean {
    const ttl = textOf(step.context.variable(TTL_VARIABLE));
    if (ttl === undefined) return true;
    // An outcome of the future: the clock was set back, and nobody knows how old it is.
    const age = Date.now() - record.created;
    return age >= 0 && age < parseAge(ttl);
  }
}
