/** Looks at every step of a playbook without running it; for {@link planImage}. */
import type { TaskInfo } from "../engine/events.ts";
import { directRunner, type Step, type StepRunner } from "../engine/runner.ts";
import type { SourcePosition } from "../errors/index.ts";
import type { ModuleResult } from "../modules/module.ts";
import { titleOf } from "./build-record.ts";
import type { BuildState } from "./build-state.ts";
import { ageText, type CachePolicy, TTL_VARIABLE } from "./cache-policy.ts";
import type { Explainer, Missed } from "./explain.ts";
import type { LiveFacts } from "./live-facts.ts";
import type { Reason } from "./reason.ts";
import type { StepKey, StepKeys, Stored, Touched } from "./step-keys.ts";

export interface PlanRow {
  readonly play: string;
  /** With the role. */
  readonly title: string;
  readonly module: string;
  readonly item: string | undefined;
  readonly position: SourcePosition | undefined;
  /**
   * `hit`: replayed. `run`: runs. `depends`: on what an earlier step leaves that will run. `always`:
   * only talks, or runs elsewhere than in the image. `skipped`: its condition is false.
   */
  readonly verdict: "hit" | "run" | "depends" | "always" | "skipped";
  readonly reasons: readonly Reason[];
}

export interface PlanRunnerOptions {
  readonly state: BuildState;
  readonly keys: StepKeys;
  readonly explainer: Explainer;
  readonly policy: CachePolicy;
  readonly facts: LiveFacts;
  readonly workspaceHas: (layer: string) => Promise<boolean>;
  /** Are the base image's layers in the store? */
  readonly hasBase: boolean;
}

/** They do something although they have no layer, so a plan does not run them. */
const NOT_IN_A_PLAN = new Set(["pause", "fetch", "reboot", "wait_for_connection"]);

/** What stands for a result of which nothing is known. */
const UNKNOWN: ModuleResult = {
  changed: true,
  failed: false,
  rc: 0,
  stdout: "",
  stderr: "",
  stdout_lines: [],
  stderr_lines: [],
};

export class PlanRunner implements StepRunner {
  readonly rows: PlanRow[] = [];
  /** Name of the play that goes on. */
  play = "";
  readonly #o: PlanRunnerOptions;
  /** Where files may be other than they are now, because steps would run: paths, or anywhere. */
  #unknown: string[] | "anywhere" = [];
  /** The first step that would run. */
  #doubt: string | undefined;

  constructor(options: PlanRunnerOptions) {
    this.#o = options;
  }

  /** The first step that would run: what comes later may depend on it. */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  async run(step: Step): Promise<ModuleResult> {
    if (step.delegated || step.module.module.spec.effect === "talk") return this.#talk(step);
    const { explainer, keys, policy } = this.#o;
    const key = await keys.of(step);
    explainer.meet(step);
    const allowed = policy.mayReplay(step);
    const touched = this.#o.hasBase && !this.#isInDoubt(step) && (await keys.touched(step, key));
    const stored = allowed ? this.#find(key, touched || undefined) : undefined;
    const fresh = stored !== undefined && policy.isFresh(step, stored.record);
    if (fresh && (await this.#isWhole(stored))) return this.#hit(step, key, stored);
    const found: Missed["found"] = stored && {
      record: stored.record,
      why: fresh ? "layer" : "age",
    };
    const reasons = await explainer.why({
      step,
      key,
      parts: keys.parts(step, key, touched || undefined),
      forbidden: allowed ? undefined : policy.refusal(step),
      found,
    });
    return this.#miss(step, reasons, touched !== false && touched !== undefined);
  }

  /** The condition of a task, or of an item, is false. */
  skipped(task: TaskInfo, item: string | undefined, why: string): void {
    this.rows.push({
      play: this.play,
      title: titleOf(task),
      module: task.action,
      item,
      position: task.position,
      verdict: "skipped",
      reasons: [{ kind: "policy", text: why }],
    });
  }

  async #talk(step: Step): Promise<ModuleResult> {
    const name = step.module.name.slice(step.module.name.lastIndexOf(".") + 1);
    const runs = !step.delegated && !NOT_IN_A_PLAN.has(name);
    const text = step.delegated
      ? "it does not run in the image; what it said last time is taken"
      : "it has no layer";
    this.#row(step, "always", [{ kind: "policy", text }]);
    if (runs) return directRunner.run(step);
    this.#o.explainer.meet(step);
    const before = this.#o.explainer.before(step)?.result;
    return (before as ModuleResult | undefined) ?? UNKNOWN;
  }

  /** Where files are not known, only steps that touch others can be found. */
  #find(key: StepKey, touched: Touched | undefined): Stored | undefined {
    const { keys } = this.#o;
    const direct = this.#unknown.length === 0 ? keys.find(key) : undefined;
    return direct ?? (touched && keys.findTouched(touched));
  }

  /** May an earlier step, which would run, change what this one sees? */
  #isInDoubt(step: Step): boolean {
    if (this.#unknown === "anywhere") return true;
    if (this.#unknown.length === 0) return false;
    const own = step.module.module.touches?.(step.args);
    if (!own) return true;
    return this.#unknown.some((path) => own.some((other) => overlap(path, other)));
  }

  async #hit(step: Step, key: StepKey, { record }: Stored): Promise<ModuleResult> {
    const { facts, state } = this.#o;
    const about = {
      task: step.taskId,
      title: titleOf(step),
      module: step.module.name,
      role: step.role,
      play: step.play,
    };
    if (record.busy) state.pushBusy(key.key, about.title);
    else if (record.layer) state.push(record.layer, about);
    const volatile = step.module.module.spec.volatile === true;
    this.#row(step, "hit", volatile ? [isOld(record.created)] : []);
    return facts.withLive(step, record.result);
  }

  /** @param seesAll is it known what the step would see? */
  #miss(step: Step, reasons: readonly Reason[], seesAll: boolean): ModuleResult {
    const inDoubt = this.#isInDoubt(step);
    // The layers that are missing in the state of the plan would be called a change.
    const own =
      inDoubt || (this.#doubt !== undefined && !seesAll)
        ? reasons.filter((reason) => reason.kind !== "filesystem" && reason.kind !== "unknown")
        : reasons;
    if (own.length > 0) this.#row(step, "run", own);
    else this.#row(step, "depends", [dependsOn(this.#doubt ?? "")]);
    if (own.length > 0 || this.#doubt === undefined) this.#doubt ??= titleOf(step);
    const touches = step.module.module.touches?.(step.args);
    if (!touches) this.#unknown = "anywhere";
    else if (this.#unknown !== "anywhere") this.#unknown.push(...touches);
    return this.#o.explainer.outcomeBefore(step)?.result ?? UNKNOWN;
  }

  #row(step: Step, verdict: PlanRow["verdict"], reasons: readonly Reason[]): void {
    this.rows.push({
      play: this.play,
      title: titleOf(step),
      module: step.module.name,
      item: step.itemLabel,
      position: step.position,
      verdict,
      reasons,
    });
  }

  async #isWhole({ record }: Stored): Promise<boolean> {
    return record.layer === null || this.#o.workspaceHas(record.layer.id);
  }
}

function dependsOn(title: string): Reason {
  const text = `depends on what '${title}' leaves; will be known when it has run`;
  return { kind: "depends", name: title, text };
}

/** Steps that ask the network or the clock are replayed too: how old the answer is, is worth a line. */
function isOld(created: number): Reason {
  const age = ageText(Date.now() - created);
  const text = `what it asked for is ${age} old; ${TTL_VARIABLE} limits that`;
  return { kind: "age", before: age, text };
}

/** Is one path the other, or within it? */
function overlap(a: string, b: string): boolean {
  const [x, y] = [`${a}/`, `${b}/`].map((path) => path.replaceAll(/\/+/g, "/"));
  return x !== undefined && y !== undefined && (x.startsWith(y) || y.startsWith(x));
}
