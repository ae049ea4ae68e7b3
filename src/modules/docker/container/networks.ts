/** Puts a container into networks, and takes it out of them. */
import type { ContainerInspect, DockerClient, JsonObject } from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import { listOption } from "../../lib/option-values.ts";
import type { Arguments, Data } from "../../module.ts";
import { at, isObject, listAt, objectAt, textAt, textDict } from "../lib/json.ts";
import type { Comparison } from "./setting.ts";

export interface WantedNetwork {
  readonly name: string;
  readonly id: string;
  readonly given: JsonObject;
}

/** The task's networks with their ids. @throws ModuleFailure for one that does not exist */
export async function wantedNetworks(
  client: DockerClient,
  args: Arguments,
): Promise<WantedNetwork[] | undefined> {
  if (!Array.isArray(args.networks)) return undefined;
  const given = args.networks.filter(isObject);
  if (given.length === 0) return [];
  const known = await client.networks.list();
  return given.map((entry) => {
    const name = String(entry.name);
    const found =
      known.find((network) => network.Name === name) ?? known.find(({ Id }) => Id === name);
    if (!found) {
      return fail(`Parameter error: network named ${name} could not be found. Does it exist?`);
    }
    return { name: found.Name, id: found.Id, given: entry };
  });
}

/** What the API wants to know of a container in a network. */
export function endpointConfig({ given }: WantedNetwork): JsonObject {
  const { ipv4_address, ipv6_address, mac_address } = given;
  const addresses = {
    ...(ipv4_address ? { IPv4Address: ipv4_address } : {}),
    ...(ipv6_address ? { IPv6Address: ipv6_address } : {}),
  };
  const aliases = listOption({ aliases: given.aliases as Data }, "aliases");
  const options = textDict(given.driver_opts as Data);
  return {
    ...(Object.keys(addresses).length > 0 ? { IPAMConfig: addresses } : {}),
    ...(aliases ? { Aliases: aliases } : {}),
    ...(linksOf(given) ? { Links: linksOf(given) } : {}),
    ...(mac_address ? { MacAddress: mac_address } : {}),
    ...(options ? { DriverOpts: options } : {}),
  };
}

function linksOf(given: JsonObject): string[] | undefined {
  const links = listOption({ links: given.links as Data }, "links");
  return links?.map((link) => (link.includes(":") ? link : `${link}:${link}`));
}

export interface NetworkChanges {
  /** Not in it yet, or in it otherwise than asked for. */
  readonly connect: readonly { readonly network: WantedNetwork; readonly connected: boolean }[];
  /** In it, and it should not be. */
  readonly leave: readonly { readonly name: string; readonly id: string }[];
}

export function networkChanges(
  container: ContainerInspect,
  wanted: readonly WantedNetwork[] | undefined,
  comparison: Comparison,
  purge: boolean,
): NetworkChanges {
  const connected = objectAt(container, "NetworkSettings", "Networks");
  if (comparison === "ignore") return { connect: [], leave: [] };
  const connect = (wanted ?? [])
    .map((network) => ({ network, connected: network.name in connected }))
    .filter(({ network, connected: isIn }) => !isIn || differs(connected[network.name], network));
  const leaving = purge || (comparison === "strict" && wanted !== undefined);
  const names = new Set((wanted ?? []).map(({ name }) => name));
  const leave = leaving
    ? Object.entries(connected)
        .filter(([name]) => !names.has(name))
        .map(([name, entry]) => ({ name, id: textAt(entry, "NetworkID") || name }))
    : [];
  return { connect, leave };
}

function differs(endpoint: unknown, { given }: WantedNetwork): boolean {
  const address = (option: string, field: string) =>
    given[option] && textAt(endpoint, "IPAMConfig", field) !== given[option];
  const missing = (wanted: readonly string[] | undefined, found: readonly unknown[]) =>
    (wanted ?? []).some((item) => !found.includes(item));
  return Boolean(
    address("ipv4_address", "IPv4Address") ||
      address("ipv6_address", "IPv6Address") ||
      missing(listOption({ a: given.aliases as Data }, "a"), listAt(endpoint, "Aliases")) ||
      missing(linksOf(given), listAt(endpoint, "Links")) ||
      (given.mac_address &&
        String(at(endpoint, "MacAddress")).toLowerCase() !==
          String(given.mac_address).toLowerCase().replaceAll("-", ":")),
  );
}
