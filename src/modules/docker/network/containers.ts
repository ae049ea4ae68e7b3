/** Containers of a network. */
import type { DockerClient, NetworkInspect } from "../../../docker/index.ts";
import { flagOption, listOption } from "../../lib/option-values.ts";
import type { Arguments } from "../../module.ts";
import type { Changes } from "../lib/changes.ts";
import { objectAt, textAt } from "../lib/json.ts";

/** Takes every container out of it first: the daemon removes no network that is in use. */
export async function removeNetwork(
  client: DockerClient,
  changes: Changes,
  network: NetworkInspect,
): Promise<void> {
  for (const container of Object.values(network.Containers ?? {})) {
    const name = textAt(container, "Name") ?? "";
    await changes.act(`Disconnected container ${name}`, () =>
      client.networks.disconnect(network.Id, name, true),
    );
  }
  await changes.act(`Removed network ${network.Name}`, () => client.networks.remove(network.Id));
}

/**
 * A list that is empty keeps what was there.
 * @param before the network as it was before the task
 * @param network the same; `undefined` when it was made just now under the id
 */
export async function connectContainers(
  client: DockerClient,
  changes: Changes,
  args: Arguments,
  before: NetworkInspect | undefined,
  network: NetworkInspect | undefined,
  id: string,
): Promise<void> {
  const inside = Object.entries(network?.Containers ?? {}).map(([key, value]) => ({
    id: key,
    name: textAt(value, "Name") ?? "",
  }));
  const given = listOption(args, "connected") ?? [];
  const kept = Object.values(before?.Containers ?? {}).map((entry) => textAt(entry, "Name") ?? "");
  const wanted = given.length > 0 ? given : kept;
  const means = (name: string) => (container: { id: string; name: string }) =>
    name === container.name || container.id.startsWith(name);
  for (const name of wanted) {
    if (inside.some(means(name))) continue;
    const found = await client.containers.inspect(name).catch(() => undefined);
    // A container that does not run is connected although the network does not list it.
    if (network && found && network.Name in objectAt(found, "NetworkSettings", "Networks"))
      continue;
    changes.differs(`connected.${name}`, false, true);
    await changes.act(`Connected container ${name}`, () => client.networks.connect(id, name));
  }
  if (flagOption(args, "appends")) return;
  for (const container of inside.filter((other) => !wanted.some((name) => means(name)(other)))) {
    changes.differs(`connected.${container.name}`, true, false);
    await changes.act(`Disconnected container ${container.name}`, () =>
      client.networks.disconnect(id, container.id, true),
    );
  }
}
