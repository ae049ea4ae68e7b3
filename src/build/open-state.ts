/** What a build and a plan have in common: the state they start from, keys, explanations, the run. */
import type { Connection } from "../connection/connection.ts";
import type { EngineEvents } from "../engine/events.ts";
import type { RunOptions } from "../engine/options.ts";
import type { StepRunner } from "../engine/runner.ts";
import type { SessionOptions, Workspace } from "../workspace/workspace.ts";
import type { BaseImage } from "./base-image.ts";
import type { BuildOptions } from "./build.ts";
import { BuildRecords, type RecordedBase } from "./build-record.ts";
import { BuildState } from "./build-state.ts";
import { ContentDigests } from "./content-digest.ts";
import { digestOf } from "./digest.ts";
import { Explainer } from "./explain.ts";
import { FilesView } from "./files-view.ts";
import { StepKeys } from "./step-keys.ts";

export function openState(
  options: BuildOptions,
  base: BaseImage,
  mounts: SessionOptions["mounts"],
): BuildState {
  const session: SessionOptions = {
    env: base.config.config?.Env ?? [],
    network: options.network,
    hostname: hostName(options.host),
    ...(mounts && { mounts }),
    signal: options.signal,
  };
  const digest = digestOf([
    "base",
    [...base.diffIds],
    [...session.env],
    [base.config.os, base.config.architecture, base.config.variant],
    // Layers stay where they were made, and so do the outcomes that need them.
    [options.network, session.hostname, options.workspace.kind],
  ]);
  const recorded: RecordedBase = {
    reference: options.from,
    digest,
    content: digestOf([...base.diffIds]),
    network: options.network,
    hostname: session.hostname ?? "",
    env: session.env,
    layers: base.layers.map((layer) => layer.id),
  };
  return new BuildState(options.workspace, recorded, session);
}

/** A name that every kernel and resolver takes. */
function hostName(host: string): string {
  return (
    host
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 63) || "image"
  );
}

/** How steps get their keys, and how it is explained that one must run. */
export function stepTools(
  options: BuildOptions,
  state: BuildState,
): { readonly keys: StepKeys; readonly explainer: Explainer } {
  const { name, secrets, services, store, workspace } = options;
  const contents = new ContentDigests(`${store.root}/stat`);
  const records = new BuildRecords(store.root);
  return {
    keys: new StepKeys({
      state,
      store,
      contents,
      files: filesOf(workspace, state),
      services,
      holdsSecret: (text) => secrets.within(text),
    }),
    explainer: new Explainer({ state, store, contents, last: () => records.last(name) }),
  };
}

/** What the engine is told of a build. */
export function runOptions(
  options: BuildOptions,
  own: {
    readonly events: EngineEvents;
    readonly runner: StepRunner;
    /** A shell in the image. */
    readonly connection: () => Connection;
    readonly mountedPython?: RunOptions["mountedPython"];
  },
): RunOptions {
  return {
    playbooks: options.playbooks,
    inventory: options.inventory,
    connections: async (request) =>
      request.host === options.host ? own.connection() : options.connections(request),
    events: own.events,
    settings: options.settings,
    signal: options.signal,
    runner: own.runner,
    extraVars: options.extraVars,
    ...(options.tags && { tags: options.tags }),
    ...(options.skipTags && { skipTags: options.skipTags }),
    vault: options.vault,
    target: "image",
    ...(own.mountedPython && { mountedPython: own.mountedPython }),
    services: options.services,
  };
}

/** The files of the state, where the workspace knows what its layers hold. */
function filesOf(workspace: Workspace, state: BuildState): FilesView | undefined {
  if (!workspace.entries) return undefined;
  return new FilesView(state.base, async (id) => (await workspace.entries?.(id)) ?? []);
}
