/** The image that a build's layers make on top of a base: its configuration, history and layers. */
import { createHash } from "node:crypto";
import type {
  Digest,
  HistoryEntry,
  Image,
  ImageConfig,
  LayerSource,
  RunConfig,
} from "../oci/image.ts";
import type { ImageLayer } from "./layering.ts";

/** What the user wants the image's configuration to be; absent members keep the base's. */
export interface ConfigOverrides {
  readonly cmd?: readonly string[] | undefined;
  readonly entrypoint?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly expose?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  readonly volumes?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly healthcheck?: RunConfig["Healthcheck"] | undefined;
  readonly stopsignal?: string | undefined;
  readonly author?: string | undefined;
}

export interface AssembleInput {
  readonly base: ImageConfig;
  readonly baseLayers: readonly LayerSource[];
  readonly layers: readonly (ImageLayer & { readonly source: LayerSource })[];
  readonly config: ConfigOverrides;
  /** Unix seconds: the date of the image and of its layers. */
  readonly epoch: number;
}

export function assembleImage(input: AssembleInput): Image {
  const { base, epoch } = input;
  const created = new Date(epoch * 1000).toISOString();
  const layers = [...input.baseLayers, ...input.layers.map((layer) => layer.source)];
  const history: HistoryEntry[] = [
    ...baseHistory(base),
    ...input.layers.map((layer) => ({
      created,
      created_by: describe(layer),
      comment: "layerbook",
    })),
  ];
  const config: ImageConfig = {
    created,
    ...((input.config.author ?? base.author) && { author: input.config.author ?? base.author }),
    architecture: base.architecture,
    ...(base.variant && { variant: base.variant }),
    os: base.os,
    config: applyOverrides(base.config ?? {}, input.config),
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history,
  } as ImageConfig;
  const configBytes = Buffer.from(JSON.stringify(config));
  const id: Digest = `sha256:${createHash("sha256").update(configBytes).digest("hex")}`;
  return { config, configBytes, id, layers };
}

/** `docker history` shows a line a layer only if there are as many entries as layers. */
function baseHistory(base: ImageConfig): readonly HistoryEntry[] {
  const history = base.history ?? [];
  const layers = base.rootfs.diff_ids.length;
  const told = history.filter((entry) => !entry.empty_layer).length;
  const missing = Array.from({ length: Math.max(0, layers - told) }, () => ({
    ...(base.created && { created: base.created }),
    created_by: "base image",
  }));
  return told > layers ? missing.slice(0, layers) : [...missing, ...history];
}

/** One line: each task that is in the layer, with its module. */
function describe(layer: ImageLayer): string {
  const titles = layer.parts.map((part) => `${part.title} (${shortName(part.module)})`);
  return `TASK ${[...new Set(titles)].join(" + ")}`;
}

function shortName(module: string): string {
  return module.startsWith("ansible.builtin.") ? module.slice("ansible.builtin.".length) : module;
}

/** Lists and single values replace the base's; maps are merged into it. */
export function applyOverrides(base: RunConfig, overrides: ConfigOverrides): RunConfig {
  const config: RunConfig = { ...base };
  if (overrides.user !== undefined) config.User = overrides.user;
  if (overrides.workdir !== undefined) config.WorkingDir = overrides.workdir;
  if (overrides.stopsignal !== undefined) config.StopSignal = overrides.stopsignal;
  if (overrides.healthcheck !== undefined) config.Healthcheck = overrides.healthcheck;
  if (overrides.entrypoint !== undefined) {
    config.Entrypoint = [...overrides.entrypoint];
    // As in a Dockerfile: the base's command belonged to the base's entry point.
    if (overrides.cmd === undefined) delete config.Cmd;
  }
  if (overrides.cmd !== undefined) config.Cmd = [...overrides.cmd];
  if (overrides.env) config.Env = mergeEnvironment(base.Env ?? [], overrides.env);
  if (overrides.labels) config.Labels = { ...base.Labels, ...overrides.labels };
  if (overrides.expose) {
    config.ExposedPorts = { ...base.ExposedPorts };
    for (const port of overrides.expose) config.ExposedPorts[portAndProtocol(port)] = {};
  }
  if (overrides.volumes) {
    config.Volumes = { ...base.Volumes };
    for (const path of overrides.volumes) config.Volumes[path] = {};
  }
  return config;
}

function portAndProtocol(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}

function mergeEnvironment(
  base: readonly string[],
  changes: Readonly<Record<string, string>>,
): string[] {
  const merged = new Map(
    base.map((entry) => {
      const equals = entry.indexOf("=");
      return [entry.slice(0, equals), entry.slice(equals + 1)] as const;
    }),
  );
  for (const [name, value] of Object.entries(changes)) merged.set(name, value);
  return [...merged].map(([name, value]) => `${name}=${value}`);
}
