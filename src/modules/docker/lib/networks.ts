/** Finding a network: by name first, since a name may look like an id. */
import { type DockerClient, isNotFound, type NetworkInspect } from "../../../docker/index.ts";

export async function findNetwork(
  client: DockerClient,
  name: string,
): Promise<NetworkInspect | undefined> {
  const all = await client.networks.list();
  const found = all.find(({ Name }) => Name === name) ?? all.find(({ Id }) => Id.startsWith(name));
  if (!found) return undefined;
  try {
    return await client.networks.inspect(found.Id);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
