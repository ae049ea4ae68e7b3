/** What a network is made with, and how one that exists differs from that. */
import type { NetworkInspect } from "../../../docker/index.ts";
import { flagOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data } from "../../module.ts";
import { asData, at, isObject, listAt, objectAt, textAt, textDict } from "../lib/json.ts";

/** The body of the request that makes the network. */
export function networkBody(args: Arguments): Record<string, unknown> {
  const flags: Record<string, unknown> = {
    Attachable: flagOption(args, "attachable"),
    EnableIPv4: flagOption(args, "enable_ipv4"),
    EnableIPv6: flagOption(args, "enable_ipv6"),
    Internal: flagOption(args, "internal"),
    Ingress: flagOption(args, "ingress"),
    ConfigOnly: flagOption(args, "config_only"),
    Scope: textOption(args, "scope"),
  };
  const from = textOption(args, "config_from");
  const ranges = rangesOf(args);
  const driver = textOption(args, "ipam_driver");
  const options = textDict(args.ipam_driver_options);
  const managed = ranges.length > 0 || driver !== undefined || options !== undefined;
  return {
    Name: textOption(args, "name"),
    Driver: textOption(args, "driver"),
    CheckDuplicate: true,
    Options: textDict(args.driver_options) ?? {},
    Labels: textDict(args.labels) ?? {},
    ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)),
    ...(from === undefined ? {} : { ConfigFrom: { Network: from } }),
    ...(managed
      ? {
          IPAM: {
            Driver: driver ?? "default",
            Config: ranges.map(rangeBody),
            ...(options === undefined ? {} : { Options: options }),
          },
        }
      : {}),
  };
}

const RANGE_FIELDS: readonly (readonly [option: string, field: string])[] = [
  ["subnet", "Subnet"],
  ["iprange", "IPRange"],
  ["gateway", "Gateway"],
  ["aux_addresses", "AuxiliaryAddresses"],
];

function rangesOf(args: Arguments) {
  return Array.isArray(args.ipam_config) ? args.ipam_config.filter(isObject) : [];
}

function rangeBody(range: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    RANGE_FIELDS.filter(([option]) => (range[option] ?? null) !== null).map(([option, field]) => [
      field,
      range[option],
    ]),
  );
}

export type NetworkDifference = readonly [what: string, before: Data, after: Data];

export function networkDifferences(args: Arguments, network: NetworkInspect): NetworkDifference[] {
  const found: NetworkDifference[] = [];
  const compare = (what: string, before: unknown, after: unknown) => {
    if (after === undefined || after === null) return;
    if (String(before ?? "").toLowerCase() !== String(after).toLowerCase()) {
      found.push([what, asData(before), asData(after)]);
    }
  };
  const each = (what: string, before: unknown, after: unknown) => {
    for (const [key, value] of Object.entries(objectAt(after))) {
      compare(`${what}.${key}`, at(before, key), value);
    }
  };
  compare("config_only", at(network, "ConfigOnly") ?? false, args.config_only);
  compare("config_from", textAt(network, "ConfigFrom", "Network") ?? "", args.config_from);
  if (!args.config_from && !args.config_only) compare("driver", network.Driver, args.driver);
  each("driver_options", at(network, "Options"), args.driver_options);
  compare("ipam_driver", textAt(network, "IPAM", "Driver"), args.ipam_driver);
  each("ipam_driver_options", at(network, "IPAM", "Options"), args.ipam_driver_options);
  compare("enable_ipv4", at(network, "EnableIPv4") ?? true, args.enable_ipv4);
  compare("enable_ipv6", at(network, "EnableIPv6") ?? false, args.enable_ipv6);
  compare("internal", at(network, "Internal") ?? false, args.internal);
  compare("scope", at(network, "Scope"), args.scope);
  compare("attachable", at(network, "Attachable") ?? false, args.attachable);
  compare("ingress", at(network, "Ingress") ?? false, args.ingress);
  each("labels", network.Labels, args.labels);
  const ranges = listAt(network, "IPAM", "Config");
  const wanted = rangesOf(args);
  wanted.forEach((range, index) => {
    // By its subnet: the daemon may have put them into another order.
    const current = ranges.find((other) => at(other, "Subnet") === range.subnet) ?? ranges[index];
    for (const [option, field] of RANGE_FIELDS) {
      const name = `ipam_config[${index}].${option}`;
      if (option === "aux_addresses") each(name, at(current, field), range[option]);
      else compare(name, at(current, field), range[option]);
    }
  });
  if (wanted.length > 0 && wanted.length !== ranges.length) {
    found.push(["ipam_config", asData(ranges), asData(wanted)]);
  }
  return found;
}
