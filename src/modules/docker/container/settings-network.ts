/** Options of docker_container about names, ports and the network that it starts in. */
import { listOption } from "../../lib/option-values.ts";
import type { Data } from "../../module.ts";
import { asData, at, listAt, objectAt, textDict } from "../lib/json.ts";
import { exposedPorts, publishedPorts } from "./ports.ts";
import { type Setting, sortedSet } from "./setting.ts";
import { configField, flag, hostField, list, set, text } from "./settings-process.ts";

/** @param defaultIp address of published ports that name none */
export function networkSettings(defaultIp: string): readonly Setting[] {
  return [
    hostField("dns_opts", "DnsOptions", "set", set("dns_opts")),
    hostField("dns_search_domains", "DnsSearch", "list", list("dns_search_domains")),
    hostField("dns_servers", "Dns", "list", list("dns_servers")),
    configField("domainname", "Domainname", "value", text("domainname")),
    hostField("etc_hosts", "ExtraHosts", "set", ({ etc_hosts }) => {
      const hosts = textDict(etc_hosts);
      return hosts && Object.entries(hosts).map(([name, address]) => `${name}:${address}`);
    }),
    {
      option: "exposed_ports",
      kind: "set",
      wanted: (args) => {
        const exposed = listOption(args, "exposed_ports");
        const published = listOption(args, "published_ports")?.filter((port) => port !== "all");
        if (exposed === undefined && published === undefined) return undefined;
        const keys = Object.keys(publishedPorts(published ?? [], defaultIp));
        return sortedSet([...exposedPorts(exposed ?? []), ...keys]);
      },
      current: ({ Config }) => Object.keys(objectAt(Config, "ExposedPorts")).sort(),
      put: ({ config }, value) => {
        config.ExposedPorts = Object.fromEntries((value as string[]).map((port) => [port, {}]));
      },
      withImage: (value, image) =>
        sortedSet([
          ...Object.keys(objectAt(image, "Config", "ExposedPorts")),
          ...(value as string[]),
        ]),
    },
    configField("hostname", "Hostname", "value", text("hostname")),
    {
      ...hostField("links", "Links", "set", (args) =>
        listOption(args, "links")?.map((link) => (link.includes(":") ? link : `${link}:${link}`)),
      ),
      // The daemon says /other:/this/alias.
      current: ({ HostConfig }) =>
        listAt(HostConfig, "Links").map((link) => {
          const [other = "", alias = ""] = String(link).split(":");
          return `${other.replace(/^\//, "")}:${alias.slice(alias.lastIndexOf("/") + 1)}`;
        }),
    },
    configField("mac_address", "MacAddress", "value", text("mac_address")),
    hostField("network_mode", "NetworkMode", "value", text("network_mode")),
    hostField("publish_all_ports", "PublishAllPorts", "value", flag("publish_all_ports")),
    {
      option: "published_ports",
      kind: "dict",
      wanted: (args) => {
        const ports = listOption(args, "published_ports");
        if (ports === undefined || ports.includes("all")) return undefined;
        return publishedPorts(ports, defaultIp) as unknown as Data;
      },
      current: ({ HostConfig }) => asData(at(HostConfig, "PortBindings") ?? {}),
      put: ({ host }, value) => {
        host.PortBindings = value;
      },
    },
  ];
}
