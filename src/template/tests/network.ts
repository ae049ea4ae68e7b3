import { iterate } from "../../values/iterate.ts";
import { textOf, type Value } from "../../values/model.ts";
import type { Test } from "../plugin.ts";
import * as ip from "../python/ip-network.ts";
import { Undefined } from "../undefined.ts";

/** The tests of ansible.utils on addresses and networks. */

function subject(value: Value): ip.IpInterface | undefined {
  if (value instanceof Undefined) value.fail();
  return ip.parseInterface(textOf(value) ?? "");
}

/** A network in the strict sense: no bits beyond its prefix. */
function network(value: Value): ip.IpInterface | undefined {
  const parsed = subject(value);
  return parsed && ip.networkOf(parsed) === parsed.address ? parsed : undefined;
}

function address(value: Value, version?: ip.IpVersion): ip.IpInterface | undefined {
  const text = textOf(value) ?? "";
  const parsed = text.includes("/") ? undefined : subject(value);
  return parsed && (version === undefined || parsed.version === version) ? parsed : undefined;
}

const onAddress =
  (check: (parsed: ip.IpInterface) => boolean): Test =>
  (value) => {
    const parsed = address(value);
    return parsed !== undefined && check(parsed);
  };

const within: Test = (value, args) => {
  const outer = network(args.positional[0] ?? null);
  const inner = subject(value);
  return outer !== undefined && inner !== undefined && ip.contains(outer, inner);
};
const withinAny: Test = (value, args, context) =>
  Array.from(iterate(args.positional[0] ?? [])).some((one) =>
    within(value, { positional: [one], named: new Map() }, context),
  );

function isMask(value: Value, inverted: boolean): boolean {
  const parsed = address(value, 4);
  if (!parsed) return false;
  const low = inverted ? parsed.address : 0xffffffffn ^ parsed.address;
  return (low & (low + 1n)) === 0n;
}

const inRange = (parsed: ip.IpInterface, text: string): boolean => {
  const range = ip.parseInterface(text);
  return range !== undefined && ip.contains(range, parsed);
};

export const tests: Readonly<Record<string, Test>> = {
  in_any_network: withinAny,
  in_network: within,
  in_one_network: withinAny,
  ip: (value) => network(value) !== undefined,
  ip_address: (value) => address(value) !== undefined,
  ipv4: (value) => network(value)?.version === 4,
  ipv4_address: (value) => address(value, 4) !== undefined,
  ipv4_hostmask: (value) => isMask(value, true),
  ipv4_netmask: (value) => isMask(value, false),
  ipv6: (value) => network(value)?.version === 6,
  ipv6_address: (value) => address(value, 6) !== undefined,
  ipv6_ipv4_mapped: onAddress(
    (parsed) => parsed.version === 6 && parsed.address >> 32n === 0xffffn,
  ),
  ipv6_sixtofour: onAddress((parsed) => inRange(parsed, "2002::/16")),
  ipv6_teredo: onAddress((parsed) => inRange(parsed, "2001::/32")),
  loopback: onAddress(ip.isLoopback),
  mac: (value) =>
    /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$|^[0-9a-f]{4}(\.)[0-9a-f]{4}\2[0-9a-f]{4}$/i.test(
      textOf(value) ?? "",
    ),
  multicast: onAddress(ip.isMulticast),
  private: onAddress(ip.isPrivate),
  public: onAddress(
    (parsed) => !ip.isPrivate(parsed) && !ip.isLoopback(parsed) && !ip.isReserved(parsed),
  ),
  reserved: onAddress((parsed) => inRange(parsed, "240.0.0.0/4") || inRange(parsed, "::/8")),
  subnet_of: within,
  supernet_of: (value, args) => {
    const outer = network(value);
    const inner = network(args.positional[0] ?? null);
    return outer !== undefined && inner !== undefined && ip.contains(outer, inner);
  },
  unspecified: onAddress((parsed) => parsed.address === 0n),
};

export const collections: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(tests).map((name) => [name, "ansible.utils"]),
);
