/** A container that is to be there: made, changed or made anew, in its networks, and in its state. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  BASE_LABEL,
  type ContainerInspect,
  type ImageInspect,
  type JsonObject,
} from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import { flagOption, listOption, numberOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data } from "../../module.ts";
import { findImage, imageReference, isImageId, pullImage } from "../lib/images.ts";
import { asData, at, objectAt, textAt } from "../lib/json.ts";
import { Comparisons, checkImageLabels, type Difference, differencesOf } from "./compare.ts";
import type { ContainerJob } from "./job.ts";
import { endpointConfig, networkChanges, wantedNetworks } from "./networks.ts";
import type { CreateBody, Setting } from "./setting.ts";
import { networkSettings } from "./settings-network.ts";
import { environmentList, PROCESS_SETTINGS } from "./settings-process.ts";
import { RESOURCE_SETTINGS } from "./settings-resources.ts";
import { STORAGE_SETTINGS } from "./settings-storage.ts";

/** Answers the container's data; `undefined` when check mode made none. */
export async function ensurePresent(
  job: ContainerJob,
  existing: ContainerInspect | undefined,
  state: string,
): Promise<ContainerInspect | undefined> {
  const args = await completeArguments(job);
  // A network that is not there must be found out before anything is removed.
  await wantedNetworks(job.daemon.client, args);
  const settings = await allSettings(job, args);
  const comparisons = new Comparisons(args, settings);
  const wasRunning = existing?.State.Running ?? false;
  const image = await wantedImage(job, args, existing, comparisons);
  const own =
    existing && (await findImage(job.daemon.client, existing.Image).then((found) => found));
  const reference = args.image_comparison === "current-image" && existing ? own : image;
  let container = existing;
  let created = false;
  if (container === undefined) {
    job.differs("exists", false, true);
    container = await create(job, args, settings, comparisons, image);
    created = true;
  } else {
    const differences = differencesOf(settings, args, comparisons, container, reference, own);
    const otherImage =
      image !== undefined && imageDiffers(job, args, comparisons, container, image);
    const recreate = differences.filter(({ setting }) => !setting.update);
    if (otherImage || recreate.length > 0 || flagOption(args, "recreate")) {
      noteDifferences(job, differences);
      if (otherImage) job.differs("image", container.Image, image?.Id ?? "");
      if (container.State.Running) await job.stop(container);
      await job.remove(container);
      container = await create(job, args, settings, comparisons, image ?? own, container);
      created = true;
    } else if (differences.length > 0) {
      await update(job, container, differences);
      container = job.context.checkMode ? container : await job.find(container.Id);
    }
  }
  // In check mode there is nothing yet to be put into networks or started.
  if (!container) return existing;
  container = await joinNetworks(job, args, comparisons, container, created);
  return reachState(job, args, state, container, created ? false : wasRunning, wasRunning);
}

/** The arguments with what they leave to be found out: defaults, files, ids of other containers. */
async function completeArguments(job: ContainerJob): Promise<Arguments> {
  const args: Record<string, Data | undefined> = { ...job.args };
  if (args.container_default_behavior === "compatibility") {
    for (const [name, value] of Object.entries({
      auto_remove: false,
      detach: true,
      init: false,
      interactive: false,
      memory: "0",
      paused: false,
      privileged: false,
      read_only: false,
      tty: false,
    })) {
      args[name] ??= value;
    }
  }
  const file = textOption(args, "env_file");
  if (file !== undefined) {
    const text = await job.daemon.readText(await job.daemon.absolute(file));
    if (text === undefined) return fail(`the env_file ${file} does not exist or cannot be read`);
    args.env = { ...variablesOf(text), ...objectAt(args.env) } as Data;
  }
  const networks = Array.isArray(args.networks) ? args.networks : [];
  if (args.network_mode === undefined && args.networks_cli_compatible === true && networks[0]) {
    args.network_mode = textAt(networks[0], "name");
  }
  for (const option of ["network_mode", "pid_mode", "ipc_mode"]) {
    const other = /^container:(.+)$/.exec(textOption(args, option) ?? "")?.[1];
    const found = other === undefined ? undefined : await job.find(other);
    if (found) args[option] = `container:${found.Id}`;
  }
  const volumes = listOption(args, "volumes");
  if (volumes) {
    args.volumes = await Promise.all(
      volumes.map(async (volume) => {
        const colon = volume.indexOf(":");
        const source = colon < 0 ? "" : volume.slice(0, colon);
        if (!/^(~|\.)/.test(source)) return volume;
        return `${await job.daemon.absolute(source)}${volume.slice(colon)}`;
      }),
    );
  }
  if (Array.isArray(args.mounts)) {
    args.mounts = await Promise.all(
      args.mounts.map(async (entry) => {
        const source = textAt(entry, "source");
        if (textAt(entry, "type") !== "bind" || !source) return entry;
        return { ...objectAt(entry), source: await job.daemon.absolute(source) } as Data;
      }),
    );
  }
  if (listOption(args, "published_ports")?.includes("all")) args.publish_all_ports = true;
  return args;
}

/** Lines `NAME=value`; empty ones and comments are left out. */
function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(/\r?\n/)
      .filter((line) => /^\s*[^#\s][^=]*=/.test(line))
      .map((line) => {
        const equal = line.indexOf("=");
        return [line.slice(0, equal).trim(), line.slice(equal + 1)];
      }),
  );
}

async function allSettings(job: ContainerJob, args: Arguments): Promise<readonly Setting[]> {
  return [
    ...PROCESS_SETTINGS,
    ...networkSettings(await defaultAddress(job, args)),
    ...STORAGE_SETTINGS,
    ...RESOURCE_SETTINGS,
  ].sort((a, b) => (a.option < b.option ? -1 : 1));
}

async function defaultAddress(job: ContainerJob, args: Arguments): Promise<string> {
  const given = textOption(args, "default_host_ip");
  if (given !== undefined) return given;
  if (!listOption(args, "published_ports")?.length) return "0.0.0.0";
  const bridge = await job.daemon.client.networks.inspect("bridge").catch(() => undefined);
  return textAt(bridge, "Options", "com.docker.network.bridge.host_binding_ipv4") ?? "0.0.0.0";
}

/** The image that the task names, pulled where that is asked for. */
async function wantedImage(
  job: ContainerJob,
  args: Arguments,
  existing: ContainerInspect | undefined,
  comparisons: Comparisons,
): Promise<ImageInspect | undefined> {
  const name = textOption(args, "image");
  if (name === undefined || name === "") return undefined;
  const policy = pullPolicy(args.pull);
  if (existing && comparisons.image === "ignore" && policy !== "always") {
    return (await findImage(job.daemon.client, imageReference(name))) ?? undefined;
  }
  const reference = imageReference(name);
  const found = await findImage(job.daemon.client, reference);
  if (isImageId(name)) {
    return found ?? fail(`Cannot find image with ID ${name}`);
  }
  if (policy === "never" || (policy === "missing" && found)) {
    return found ?? fail(`Cannot find image with name ${reference}, and pull=never`);
  }
  if (job.context.checkMode) {
    if (!found || args.pull_check_mode_behavior === "always") {
      await job.act({ pulled_image: reference, changed: true }, async () => undefined);
    }
    return found;
  }
  const pulled = await pullImage(job.daemon, job.context, reference, textOption(args, "platform"));
  const changed = found?.Id !== pulled.Id;
  job.actions.push({ pulled_image: reference, changed });
  if (changed) job.changed = true;
  return pulled;
}

function pullPolicy(value: Data | undefined): "always" | "missing" | "never" {
  const text = String(value ?? "missing").toLowerCase();
  if (["always", "true", "yes", "on", "1"].includes(text)) return "always";
  if (["missing", "false", "no", "off", "0"].includes(text)) return "missing";
  return text === "never" ? "never" : fail(`pull must be always, missing or never, not '${text}'`);
}

function imageDiffers(
  job: ContainerJob,
  args: Arguments,
  comparisons: Comparisons,
  container: ContainerInspect,
  image: ImageInspect,
): boolean {
  if (comparisons.image !== "strict") return false;
  // Made anew from a snapshot of itself, it still is a container of the image that it began with.
  if (at(container.Config, "Labels", BASE_LABEL) === image.Id) return false;
  if (image.Id !== container.Image) {
    job.extra.image_different = true;
    return true;
  }
  const wanted = imageReference(textOption(args, "image") ?? "");
  const current = imageReference(String(at(container.Config, "Image") ?? ""));
  return args.image_name_mismatch === "recreate" && !isImageId(wanted) && current !== wanted;
}

async function create(
  job: ContainerJob,
  args: Arguments,
  settings: readonly Setting[],
  comparisons: Comparisons,
  image: ImageInspect | undefined,
  previous?: ContainerInspect,
): Promise<ContainerInspect | undefined> {
  const named = textOption(args, "image") ?? textAt(previous?.Config, "Image");
  if (!named) return fail("Cannot create container when image is not specified!");
  const labels = settings.find(({ option }) => option === "labels");
  if (image && labels) checkImageLabels(args, comparisons, labels, image);
  const body: CreateBody = {
    config: { AttachStdout: true, AttachStderr: true, AttachStdin: false, StdinOnce: false },
    host: {},
  };
  for (const setting of settings) {
    const value = setting.wanted(args);
    if (value !== undefined) setting.put(body, value);
  }
  if (args.env_file !== undefined) body.config.Env = environmentList(objectAt(args.env) as never);
  if (flagOption(args, "interactive") && body.config.AttachStdout === true) {
    body.config.AttachStdin = true;
    body.config.StdinOnce = true;
  }
  const networks = await wantedNetworks(job.daemon.client, args);
  const first = networks?.find(({ name }) => name === args.network_mode);
  const parameters: JsonObject = {
    ...body.config,
    Image: isImageId(named) ? named : imageReference(named),
    HostConfig: body.host,
    ...(first
      ? { NetworkingConfig: { EndpointsConfig: { [first.name]: endpointConfig(first) } } }
      : {}),
  };
  let id: string | undefined;
  await job.act(
    { created: "Created container", create_parameters: asData(parameters) },
    async () => {
      const platform = textOption(args, "platform");
      const name = previous ? previous.Name.replace(/^\//, "") : (textOption(args, "name") ?? "");
      const made = await job.containers.create(parameters, {
        name,
        ...(platform === undefined ? {} : { platform }),
      });
      id = made.id;
      for (const warning of made.warnings) job.context.warn(`Docker warning: ${warning}`);
    },
  );
  return id === undefined ? undefined : job.find(id);
}

function noteDifferences(job: ContainerJob, differences: readonly Difference[]): void {
  const legacy = differences.map(({ setting, wanted, current }) => {
    job.differs(setting.option, current ?? null, wanted);
    return { [setting.option]: { parameter: wanted, container: current ?? null } };
  });
  job.extra.differences = legacy;
}

async function update(
  job: ContainerJob,
  container: ContainerInspect,
  differences: readonly Difference[],
): Promise<void> {
  const changes: Record<string, unknown> = {};
  for (const { setting, wanted } of differences) {
    for (const [key, value] of Object.entries(setting.update?.(wanted) ?? {})) {
      changes[key] =
        typeof value === "object" ? { ...objectAt(changes[key]), ...objectAt(value) } : value;
    }
  }
  for (const { setting, wanted, current } of differences) {
    job.differs(setting.option, current ?? null, wanted);
  }
  await job.act({ updated: container.Id, update_parameters: asData(changes) }, async () => {
    const { Warnings } = await job.containers.update(container.Id, changes);
    for (const warning of Warnings ?? []) job.context.warn(`Docker warning: ${warning}`);
  });
}

async function joinNetworks(
  job: ContainerJob,
  args: Arguments,
  comparisons: Comparisons,
  container: ContainerInspect | undefined,
  created: boolean,
): Promise<ContainerInspect | undefined> {
  const client = job.daemon.client;
  const wanted = await wantedNetworks(client, args);
  if (!container) return undefined;
  const purge = flagOption(args, "purge_networks") === true;
  // What it was made with needs no second look: the daemon fills in addresses only when it starts.
  const rest = created ? wanted?.filter(({ name }) => name !== args.network_mode) : wanted;
  const changes = networkChanges(container, rest, comparisons.networks, false);
  const { leave } = networkChanges(container, wanted, comparisons.networks, purge);
  if (changes.connect.length === 0 && leave.length === 0) return container;
  const { Id } = container;
  for (const { network, connected } of changes.connect) {
    job.differs(`network.${network.name}`, connected, true);
    if (connected) {
      await job.act({ removed_from_network: network.name }, () =>
        client.networks.disconnect(network.id, Id),
      );
    }
    await job.act(
      { added_to_network: network.name, network_parameters: asData(endpointConfig(network)) },
      () => client.networks.connect(network.id, Id, endpointConfig(network)),
    );
  }
  if (leave.length > 0) job.differs("purge_networks", true, false);
  for (const { name, id } of leave) {
    await job.act({ removed_from_network: name }, () => client.networks.disconnect(id, Id));
  }
  return job.find(Id);
}

async function reachState(
  job: ContainerJob,
  args: Arguments,
  state: string,
  container: ContainerInspect | undefined,
  running: boolean,
  wasRunning: boolean,
): Promise<ContainerInspect | undefined> {
  const id = container?.Id ?? "";
  const refresh = async () => (job.context.checkMode ? container : job.find(id));
  const starts = state === "started" || state === "healthy";
  let result = container;
  if (starts && !running) {
    job.differs("running", wasRunning, true);
    result = (await job.start(id)) ?? (await refresh());
  } else if (starts && flagOption(args, "restart")) {
    job.differs("restarted", false, true);
    const seconds = numberOption(args, "stop_timeout");
    await job.act({ restarted: id, timeout: seconds ?? null }, () =>
      job.containers.restart(id, seconds === undefined ? {} : { seconds }),
    );
    result = await refresh();
  } else if (state === "stopped" && running && container) {
    job.differs("running", true, false);
    await job.stop(container);
    result = await refresh();
  }
  const paused = flagOption(args, "paused");
  const isPaused = result?.State?.Paused ?? false;
  if (starts && paused !== undefined && isPaused !== paused) {
    job.differs("paused", isPaused, paused);
    await job.act({ set_paused: paused }, () =>
      paused ? job.containers.pause(id) : job.containers.unpause(id),
    );
    result = await refresh();
  }
  if (state === "healthy" && !job.context.checkMode) result = await healthy(job, id);
  return result;
}

async function healthy(job: ContainerJob, id: string): Promise<ContainerInspect | undefined> {
  const limit = numberOption(job.args, "healthy_wait_timeout") ?? 300;
  const end = limit > 0 ? Date.now() + limit * 1000 : Number.POSITIVE_INFINITY;
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 3000)) {
    const container = await job.find(id);
    const health = textAt(container, "State", "Health", "Status");
    if (health === "healthy") return container;
    if (!container?.State.Running) return fail("the container stopped before it became healthy");
    if (health === undefined || health === "none") {
      return fail("state=healthy needs a health check, and neither the task nor the image has one");
    }
    if (health === "unhealthy" || Date.now() > end) {
      return fail(
        `the container did not become healthy${health === "unhealthy" ? "" : ` within ${limit} s`}`,
      );
    }
    await sleep(pause, undefined, { signal: job.context.signal });
  }
}
