/** Makes a container anew from another image: same name, same settings, same networks and volumes. */
import {
  BASE_LABEL,
  type ContainerInspect,
  type DockerClient,
  type JsonObject,
} from "../docker/index.ts";

/**
 * The old container goes when the new one runs; until then it is there under another name, and comes
 * back if the new one does not start.
 * @returns the id of the new container
 */
export async function remake(
  client: DockerClient,
  id: string,
  image: string,
  base: string,
): Promise<string> {
  const { containers } = client;
  const old = await containers.inspect(id);
  const name = old.Name.replace(/^\//, "");
  const running = old.State.Running;
  if (running) await containers.stop(id, { seconds: 2 });
  await containers.rename(id, `${name}.before-${id.slice(0, 12)}`);
  let made: string | undefined;
  try {
    made = (await containers.create(settingsOf(old, image, base), { name })).id;
    await containers.start(made);
  } catch (error) {
    if (made !== undefined) await containers.remove(made, { force: true }).catch(() => undefined);
    await containers.rename(id, name);
    if (running) await containers.start(id);
    throw error;
  }
  // Its anonymous volumes belong to the new one now.
  await containers.remove(id, { force: true });
  return made;
}

function settingsOf(old: ContainerInspect, image: string, base: string): JsonObject {
  const { Hostname, ...config } = old.Config;
  // The name that the Engine gave it after its id goes with the id.
  const hostname = old.Id.startsWith(String(Hostname)) ? undefined : Hostname;
  const host = old.HostConfig;
  const networks = (old.NetworkSettings.Networks ?? {}) as Readonly<Record<string, JsonObject>>;
  return {
    ...config,
    Hostname: hostname,
    Image: image,
    Labels: { ...(config.Labels as object | null), [BASE_LABEL]: base },
    HostConfig: { ...host, Binds: bindsOf(old) },
    NetworkingConfig: { EndpointsConfig: endpointsOf(networks, host.NetworkMode) },
  };
}

/** Anonymous volumes by their names, so that their data goes on. */
function bindsOf(old: ContainerInspect): readonly string[] {
  const given = (old.HostConfig.Binds as readonly string[] | null) ?? [];
  const mounts = (old.HostConfig.Mounts as readonly JsonObject[] | null | undefined) ?? [];
  const targets = new Set([
    ...given.map((bind) => bind.split(":")[1]),
    ...mounts.map((mount) => mount.Target),
  ]);
  const anonymous = old.Mounts.filter(
    ({ Type, Destination }) => Type === "volume" && !targets.has(Destination as string),
  );
  return [...given, ...anonymous.map(({ Name, Destination }) => `${Name}:${Destination}`)];
}

function endpointsOf(
  networks: Readonly<Record<string, JsonObject>>,
  mode: unknown,
): Record<string, JsonObject> {
  if (mode === "host" || mode === "none" || String(mode).startsWith("container:")) return {};
  return Object.fromEntries(
    Object.entries(networks).map(([name, { IPAMConfig, Links, Aliases, DriverOpts }]) => [
      name,
      { IPAMConfig, Links, Aliases, DriverOpts },
    ]),
  );
}
