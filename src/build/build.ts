/** A build: a playbook, a base image and what the user wants of the result, to an image. */
import { EngineEvents } from "../engine/events.ts";
import { runPlaybook } from "../engine/index.ts";
import type { ConnectionFactory, VaultAccess } from "../engine/options.ts";
import { directRunner } from "../engine/runner.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { type ExitCode, LayerbookError, messageOf } from "../errors/index.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { type PortablePython, portablePython } from "../modules/python/portable-python.ts";
import type { Value } from "../values/model.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ConfigOverrides } from "./assemble.ts";
import { type BaseSource, type ResolvedBase, resolveBase } from "./base-image.ts";
import { buildFailure } from "./build-failure.ts";
import { BuildRecords } from "./build-record.ts";
import type { BuildState } from "./build-state.ts";
import { CachePolicy } from "./cache-policy.ts";
import { type Destination, deliver } from "./deliver.ts";
import { EarlyDelivery } from "./early-delivery.ts";
import type { BuildEvent, BuildListener } from "./events.ts";
import { FailedStates } from "./failed-state.ts";
import type { LayerPolicy } from "./layering.ts";
import { liveFactsOfThisMachine } from "./live-facts.ts";
import { MemoRunner } from "./memo-runner.ts";
import { Narrator } from "./narrate.ts";
import { openState, runOptions, stepTools } from "./open-state.ts";
import type { Secrets } from "./secrets.ts";
import type { StepStore } from "./step-store.ts";

export interface BuildOptions {
  /** For people: `web:1`. */
  readonly name: string;
  /** As the user wrote it, for messages. */
  readonly from: string;
  readonly base: BaseSource;
  readonly destination: Destination;
  readonly playbooks: readonly string[];
  readonly inventory: Inventory;
  /** The host of the inventory that the image is. */
  readonly host: string;
  readonly config: ConfigOverrides;
  readonly layers: LayerPolicy;
  readonly services: "defer" | "run" | "fail";
  readonly network: "host" | "none";
  /** Unix seconds; absent: the base image's date. */
  readonly epoch: number | undefined;
  readonly cache: { readonly off: boolean; readonly from: string | undefined };
  readonly extraVars: ReadonlyMap<string, Value>;
  readonly tags: readonly string[] | undefined;
  readonly skipTags: readonly string[] | undefined;
  readonly settings: EngineSettings;
  readonly vault: VaultAccess | undefined;
  /** Connections to hosts that are not the image. */
  readonly connections: ConnectionFactory;
  readonly workspace: Workspace;
  readonly store: StepStore;
  readonly secrets: Secrets;
  readonly emit: BuildListener;
  readonly signal: AbortSignal;
}

export interface BuildOutcome {
  readonly exitCode: ExitCode;
  readonly image: ImageEvent;
}

type ImageEvent = Extract<BuildEvent, { type: "image" }>;

/**
 * Builds and delivers one image.
 * @throws LayerbookError that names the task, its place and how to go on when a step failed; what came
 *   before it is kept in the store
 */
export async function buildImage(options: BuildOptions): Promise<BuildOutcome> {
  const { emit, store, workspace, signal } = options;
  const begunMs = Date.now();
  emit({ type: "build", image: options.name, from: options.from, playbooks: options.playbooks });
  const base = await resolveBase(options.base, store, workspace, signal);
  emit({
    type: "base",
    reference: options.from,
    layers: base.layers.length,
    durationMs: Date.now() - begunMs,
    imported: base.imported,
  });
  const python = workspace.canMount ? portablePython(store.root) : undefined;
  const state = openState(options, base, python ? [python.mount] : []);
  const narrator = new Narrator(emit, (text) => options.secrets.within(text));
  const records = new BuildRecords(store.root);
  const hide = (text: string) =>
    options.secrets.within(text) ? "(hidden: the message holds a secret)" : text;
  // A build does not fail because it cannot be told of afterwards.
  const keep = (image: ImageEvent | undefined, error: unknown) => {
    try {
      records.keep({
        image: options.name,
        from: options.from,
        on: workspace.kind,
        playbooks: options.playbooks,
        startedMs: begunMs,
        durationMs: Date.now() - begunMs,
        ok: image !== undefined,
        base: state.base,
        steps: narrator.rows,
        warnings: narrator.warnings,
        deferred: narrator.deferred,
        delivered: image && { reference: image.reference, id: image.id, layers: image.layers },
        error: error === undefined ? undefined : hide(messageOf(error)),
      });
    } catch (cause) {
      emit({ type: "warning", message: `what the build did was not kept: ${messageOf(cause)}` });
    }
  };
  const done = (ok: boolean) =>
    emit({ type: "done", ok, ...narrator.counts, durationMs: Date.now() - begunMs });
  const epoch = options.epoch ?? epochOf(base);
  const early = new EarlyDelivery({
    transport: options.destination.transport,
    workspace,
    base,
    policy: options.layers,
    epoch,
  });
  try {
    await runSteps(options, state, python, narrator, early);
    if (narrator.deferred.length > 0) emit({ type: "deferred", services: narrator.deferred });
    await state.closeSession();
    const image = await deliver({
      base,
      layers: state.layers,
      policy: options.layers,
      config: options.config,
      epoch,
      destination: options.destination,
      workspace,
      store,
      signal,
      emit,
    });
    keep(image, undefined);
    done(true);
    return { exitCode: 0, image };
  } catch (error) {
    await early.cancel();
    keep(undefined, error);
    done(false);
    throw error;
  } finally {
    await state.closeSession();
    store.settle();
  }
}

async function runSteps(
  options: BuildOptions,
  state: BuildState,
  python: PortablePython | undefined,
  narrator: Narrator,
  early: EarlyDelivery,
): Promise<void> {
  const { emit, host, signal, store, workspace } = options;
  const policy = new CachePolicy(options.cache.off, options.cache.from);
  const runner = new MemoRunner({
    inner: directRunner,
    state,
    store,
    ...stepTools(options, state),
    policy,
    facts: liveFactsOfThisMachine(),
    workspaceHas: (layer) => workspace.has(layer),
    note: (note) => {
      narrator.note(note);
      if (note.outcome === "run") early.advance(state.layers);
    },
  });
  const events = new EngineEvents();
  let met = false;
  events.listen((event) => {
    if (event.type === "play-start" && event.play.hosts.includes(host)) met = true;
    narrator.hear(event);
  });
  const run = runOptions(options, {
    events,
    runner,
    connection: () => state.connection(),
    mountedPython: python?.get,
  });
  const failures = new FailedStates(store.root);
  const outcome = await runPlaybook(run);
  signal.throwIfAborted();
  if (state.broken) throw state.broken;
  if (outcome.exitCode !== 0) {
    const kept = await failures.keep(state, options.name);
    throw buildFailure(narrator.broken, outcome.exitCode, kept);
  }
  if (!met) {
    throw new LayerbookError(`no play of the playbook is for '${host}', which the image is`, {
      hint: "Name the host or group that the image stands for with --host.",
    });
  }
  if (!policy.reachedFrom) {
    emit({
      type: "warning",
      message: `--no-cache-from: no task was named '${options.cache.from}'`,
    });
  }
  const ended = await runner.finish();
  if (ended.length > 0) {
    emit({ type: "warning", message: `ended at the end of the build: ${ended.join(", ")}` });
  }
  failures.forget();
}

/** `SOURCE_DATE_EPOCH`, else the base image's date: the same inputs give the same image. */
function epochOf(base: ResolvedBase): number {
  const given = Number(process.env.SOURCE_DATE_EPOCH);
  if (process.env.SOURCE_DATE_EPOCH && Number.isInteger(given) && given >= 0) return given;
  const created = Date.parse(base.config.created ?? "");
  return Number.isFinite(created) && created > 0 ? Math.floor(created / 1000) : 0;
}
