/**
 * Memoised steps: a {@link StepRunner} around another. Knows keys, records and when they may be used;
 * what a filesystem or a container is, only {@link BuildState} knows.
 *
 * A step's key is found in two stages: what the task says (after templating), and the content of what
 * it reads from the controller. A hit replays the whole outcome; a miss runs the step in the session
 * and, once the engine has judged the result, stores it.
 */
import type { Step, StepRunner, Verdict } from "../engine/runner.ts";
import type { ModuleResult } from "../modules/module.ts";
import type { Digest } from "../oci/image.ts";
import type { Layer } from "../workspace/workspace.ts";
import type { BuildState } from "./build-state.ts";
import type { CachePolicy } from "./cache-policy.ts";
import { digestOf } from "./digest.ts";
import type { Explainer, Missed } from "./explain.ts";
import type { LiveFacts } from "./live-facts.ts";
import type { Reason } from "./reason.ts";
import type { StepKey, StepKeys, Stored, Touched } from "./step-keys.ts";
import { encodeParts } from "./step-parts.ts";
import type { StepRecord, StepStore } from "./step-store.ts";

/** What happened to a step, for whoever shows it. */
export interface StepNote {
  readonly step: Step;
  readonly outcome: "cached" | "run";
  /** Under which its outcome is stored; `undefined` when it is not. */
  readonly key: Digest | undefined;
  readonly secret: boolean;
  /** The layer that it added. */
  readonly layer: Layer | undefined;
  /** Why it ran. */
  readonly reasons: readonly Reason[];
  /** Processes that are still alive, so that no snapshot could be taken. */
  readonly busy: readonly string[];
}

export interface MemoRunnerOptions {
  readonly inner: StepRunner;
  readonly state: BuildState;
  readonly store: StepStore;
  readonly keys: StepKeys;
  readonly explainer: Explainer;
  readonly policy: CachePolicy;
  readonly facts: LiveFacts;
  readonly workspaceHas: (layer: string) => Promise<boolean>;
  readonly note: (note: StepNote) => void;
}

/** A step that has run and waits for the engine's verdict. */
interface Held {
  readonly step: Step;
  readonly key: StepKey;
  /** See {@link StepKeys.touched}. */
  readonly touched: Touched | undefined;
  readonly reasons: readonly Reason[];
  readonly result: ModuleResult;
  readonly startedMs: number;
}

export class MemoRunner implements StepRunner {
  readonly #o: MemoRunnerOptions;
  /** Steps that left processes alive and were replayed: run for real before the next step runs. */
  #pending: Step[] = [];
  #held: Held | undefined;
  /** Steps that really ran since the last snapshot and left processes alive. */
  #ran = new Set<Step>();

  constructor(options: MemoRunnerOptions) {
    this.#o = options;
  }

  async run(step: Step): Promise<ModuleResult> {
    const { inner, explainer, keys, policy } = this.#o;
    if (step.delegated || step.module.module.spec.effect === "talk") return inner.run(step);
    const key = await keys.of(step);
    explainer.meet(step);
    let found: Missed["found"];
    const allowed = policy.mayReplay(step);
    if (step.attempt === 1 && allowed) {
      const stored = keys.find(key);
      const fresh = stored !== undefined && policy.isFresh(step, stored.record);
      if (fresh && (await this.#isWhole(stored.record))) return this.#replay(step, key, stored);
      if (stored) found = { record: stored.record, why: fresh ? "layer" : "age" };
    }
    const touched = await keys.touched(step, key);
    if (touched && !found && allowed && step.attempt === 1) {
      const stored = keys.findTouched(touched);
      if (stored && policy.isFresh(step, stored.record) && (await this.#isWhole(stored.record))) {
        // From now on it is found at once.
        keys.put(step, key, stored.record);
        return this.#replay(step, key, stored);
      }
    }
    const reasons = await explainer.why({
      step,
      key,
      parts: keys.parts(step, key, touched),
      forbidden: allowed ? undefined : policy.refusal(step),
      found,
    });
    return this.#execute(step, key, reasons, touched);
  }

  /** The engine's judgement, after `failed_when`, `until` and the rest. */
  async settle(step: Step, verdict: Verdict): Promise<void> {
    const held = this.#held;
    if (held?.step !== step) return;
    this.#held = undefined;
    if (this.#o.state.broken) throw this.#o.state.broken;
    const { explainer, keys, policy, state } = this.#o;
    const { reasons } = held;
    const { secret } = held.key;
    const note = { step, outcome: "run", secret, reasons } as const;
    if (verdict.failed && !verdict.survived) {
      this.#o.note({ ...note, key: undefined, layer: undefined, busy: [] });
      return;
    }
    const snapshot = await state.snapshot();
    if (snapshot.kind === "busy") {
      state.pushBusy(held.key.key, describe(step).title);
      this.#ran.add(step);
    } else if (snapshot.kind === "layer") state.push(snapshot.layer, describe(step));
    if (snapshot.kind !== "busy") this.#ran.clear();
    let key: Digest | undefined;
    if (!verdict.failed && policy.mayStore(step)) {
      key = keys.put(step, held.key, this.#record(held, snapshot));
      if (held.touched && snapshot.kind !== "busy") keys.putTouched(held.touched, key);
      await explainer.remember(held.key.inputs);
    }
    this.#o.note({
      ...note,
      key,
      layer: snapshot.kind === "layer" ? snapshot.layer : undefined,
      busy: snapshot.kind === "busy" ? snapshot.processes : [],
    });
  }

  #record(held: Held, snapshot: Awaited<ReturnType<BuildState["snapshot"]>>): StepRecord {
    return {
      result: this.#o.facts.withoutLive(held.step, held.result),
      layer: snapshot.kind === "layer" ? snapshot.layer : null,
      busy: snapshot.kind === "busy",
      deferred: held.step.deferred(),
      durationMs: Date.now() - held.startedMs,
      created: Date.now(),
      title: `${describe(held.step).title} (${held.step.module.name})`,
      parts: encodeParts(this.#o.keys.parts(held.step, held.key, held.touched)),
    };
  }

  /**
   * The end of the playbook: processes that are still alive are ended, and what they wrote becomes the
   * last layer.
   * @returns the processes that were ended
   */
  async finish(): Promise<readonly string[]> {
    const { state, store } = this.#o;
    if (this.#pending.length === 0 && this.#ran.size === 0) return [];
    const key = digestOf(["end", state.digest]);
    const last = [...this.#pending, ...this.#ran].at(-1) as Step;
    const record = this.#ran.size === 0 ? store.get(key) : undefined;
    if (record && (await this.#isWhole(record))) {
      if (record.layer) state.push(record.layer, describe(last));
      return [];
    }
    await this.#runPending();
    const before = await state.snapshot();
    await state.endProcesses();
    const after = before.kind === "busy" ? await state.snapshot() : before;
    if (after.kind === "layer") state.push(after.layer, describe(last));
    if (after.kind !== "busy") {
      store.put(
        key,
        { ...END, layer: after.kind === "layer" ? after.layer : null, created: Date.now() },
        false,
      );
    }
    return before.kind === "busy" ? before.processes : [];
  }

  /** Brings the place itself to where the replayed steps have come to. */
  async catchUp(): Promise<void> {
    await this.#o.state.session();
    await this.#runPending();
  }

  async #runPending(): Promise<void> {
    for (const earlier of this.#pending.splice(0)) {
      await this.#o.inner.run(earlier);
      this.#ran.add(earlier);
    }
  }

  async #execute(
    step: Step,
    key: StepKey,
    reasons: readonly Reason[],
    touched?: Touched,
  ): Promise<ModuleResult> {
    await this.#runPending();
    const startedMs = Date.now();
    const { facts, inner } = this.#o;
    // Facts of the moment come from the same place whether the step runs or is replayed, else the
    // first build's keys would differ from the second's.
    const result = await facts.withLive(step, facts.withoutLive(step, await inner.run(step)));
    this.#held = { step, key, touched, reasons, result, startedMs };
    return result;
  }

  async #replay(step: Step, key: StepKey, { at, record }: Stored): Promise<ModuleResult> {
    const { state } = this.#o;
    if (record.busy) {
      // In a session where the earlier steps really ran, this one must really run too.
      if (this.#ran.size > 0) return this.#execute(step, key, [BESIDE_PROCESS]);
      this.#pending.push(step);
      state.pushBusy(key.key, describe(step).title);
    } else if (record.layer) {
      state.push(record.layer, describe(step));
      this.#pending = [];
      this.#ran.clear();
    }
    for (const [service, wanted] of record.deferred) step.context.deferService(service, wanted);
    this.#o.note({
      step,
      outcome: "cached",
      key: at,
      secret: key.secret,
      layer: record.layer ?? undefined,
      reasons: [],
      busy: [],
    });
    return this.#o.facts.withLive(step, record.result);
  }

  async #isWhole(record: StepRecord): Promise<boolean> {
    return record.layer === null || this.#o.workspaceHas(record.layer.id);
  }
}

const BESIDE_PROCESS: Reason = {
  kind: "process",
  text: "a process that an earlier task left is running, so it has to run beside it",
};

/** Record of the state after the last process was ended. */
const END = { result: {}, busy: false, deferred: [], durationMs: 0, title: "end of the playbook" };

function describe(step: Step) {
  return {
    task: step.taskId,
    title: step.role ? `${step.role} : ${step.name}` : step.name,
    module: step.module.name,
    position: step.position,
    role: step.role,
    play: step.play,
  };
}
