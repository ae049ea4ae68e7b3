import { truth } from "../../values/compare.ts";
import { iterate } from "../../values/iterate.ts";
import { Dict, textOf, type Value } from "../../values/model.ts";
import { asInt, int } from "../../values/number.ts";
import { str } from "../../values/text.ts";
import { FilterError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import * as ip from "../python/ip-network.ts";
import { Undefined } from "../undefined.ts";
import { isSequence } from "./collections.ts";
import { define, type Parameters, textFrom } from "./shared.ts";

/**
 * The `ipaddr` family of ansible.utils (and ansible.netcommon, which passes it on).
 * https://docs.ansible.com/ansible/latest/collections/ansible/utils/docsite/filters_ipaddr.html
 */

/** A parsed value: an interface, and whether a prefix length was written. */
interface Subject extends ip.IpInterface {
  readonly written: boolean;
}

function parseSubject(value: Value): Subject | undefined {
  if (typeof value === "boolean" || value === null) return undefined;
  const number =
    asInt(value) ?? (/^\d+$/.test(textOf(value) ?? "") ? BigInt(textOf(value) ?? "0") : undefined);
  if (number !== undefined) {
    const address = BigInt(number);
    const version = address < 1n << 32n ? 4 : 6;
    if (address < 0n || address >= 1n << 128n) return undefined;
    return { version, address, prefix: ip.bitsOf(version), written: false };
  }
  const text = textOf(value);
  const parsed = text === undefined ? undefined : ip.parseInterface(text.trim());
  return parsed && { ...parsed, written: (text ?? "").includes("/") };
}

function addressText(subject: ip.IpInterface, address = subject.address): string {
  return ip.formatAddress(subject.version, address);
}

/** As it was written: with a prefix only if it had one. */
function shown(subject: Subject): string {
  return subject.written ? ip.formatInterface(subject) : addressText(subject);
}

function isNetwork(subject: Subject): boolean {
  return ip.sizeOf(subject) > 1n && subject.address === ip.networkOf(subject);
}

/** A host in a network. Both addresses of a /31 are hosts. */
function isHost(subject: Subject): boolean {
  return ip.sizeOf(subject) <= 2n || !isNetwork(subject);
}

function firstUsable(subject: ip.IpInterface): bigint | undefined {
  const size = ip.sizeOf(subject);
  if (size === 1n) return undefined;
  return size === 2n ? ip.networkOf(subject) : ip.networkOf(subject) + 1n;
}

function lastUsable(subject: ip.IpInterface): bigint | undefined {
  const size = ip.sizeOf(subject);
  if (size === 1n) return undefined;
  return size === 2n ? ip.lastOf(subject) : ip.lastOf(subject) - 1n;
}

/** The address `distance` away from the subject's own, if it is a usable one. */
function neighbour(subject: ip.IpInterface, distance: bigint): Value {
  const address = subject.address + distance;
  const first = firstUsable(subject);
  const last = lastUsable(subject);
  if (first === undefined || last === undefined || address < first || address > last) return null;
  return addressText(subject, address);
}

function maskText(subject: ip.IpInterface): string {
  return addressText(subject, ip.maskOf(subject.version, subject.prefix));
}

function wildcardText(subject: ip.IpInterface): string {
  return addressText(subject, ip.sizeOf(subject) - 1n);
}

/** A mask, or an inverted one, as an address. */
function isMask(subject: Subject): boolean {
  const bits = BigInt(ip.bitsOf(subject.version));
  const inverse = ((1n << bits) - 1n) ^ subject.address;
  const isLow = (value: bigint) => (value & (value + 1n)) === 0n;
  return isLow(inverse) || isLow(subject.address);
}

function isPublic(subject: Subject): boolean {
  return (
    ip.isUnicast(subject) && !ip.isPrivate(subject) && !ip.isLoopback(subject) && !isMask(subject)
  );
}

function peer(subject: Subject): Value {
  const size = ip.sizeOf(subject);
  if (size === 2n) return addressText(subject, subject.address ^ 1n);
  const offset = subject.address - ip.networkOf(subject);
  if (size === 4n && (offset === 1n || offset === 2n)) {
    return addressText(subject, subject.address ^ 3n);
  }
  if (size === 4n) {
    throw new FilterError(
      offset === 0n ? "Network address of /30 has no peer" : "Broadcast address of /30 has no peer",
    );
  }
  throw new FilterError("Not a point-to-point network");
}

function reverseName(subject: ip.IpInterface): string {
  if (subject.version === 4) {
    return `${addressText(subject).split(".").reverse().join(".")}.in-addr.arpa.`;
  }
  const digits = subject.address.toString(16).padStart(32, "0");
  return `${Array.from(digits).reverse().join(".")}.ip6.arpa.`;
}

function sixToFour(subject: Subject): Value {
  const reachable = isPublic(subject) || ip.isPrivate(subject);
  if (subject.version !== 4 || isNetwork(subject) || !reachable) return false;
  const hex = subject.address.toString(16).padStart(8, "0");
  return `2002:${hex.slice(0, 4)}:${hex.slice(4)}::1/48`;
}

function wrapped(subject: Subject): string {
  if (subject.version === 4) return shown(subject);
  return `[${addressText(subject)}]${subject.written ? `/${subject.prefix}` : ""}`;
}

type Query = (subject: Subject) => Value;

/** The value itself where the condition holds. */
const when =
  (condition: (subject: Subject) => boolean): Query =>
  (subject) =>
    condition(subject) ? shown(subject) : null;

const hostPrefix: Query = (subject) => (isHost(subject) ? ip.formatInterface(subject) : false);
const networkPrefix: Query = (subject) => ip.formatNetwork(subject);
const addressOnly: Query = (subject) => (isHost(subject) ? addressText(subject) : null);
/** Questions about usable addresses need a network: a bare address is refused. */
const ofNetwork =
  (query: Query): Query =>
  (subject) => {
    if (!subject.written) throw new FilterError("Not a network address");
    return query(subject);
  };
const asVersion4: Query = (subject) => {
  if (subject.version === 4) return shown(subject);
  const mapped = subject.address >> 32n;
  if (mapped !== 0xffffn && mapped !== 0n) return false;
  const prefix = Math.max(subject.prefix - 96, 0);
  return ip.formatInterface({ version: 4, address: subject.address & 0xffffffffn, prefix });
};
const asVersion6: Query = (subject) =>
  subject.version === 6
    ? shown(subject)
    : ip.formatInterface({
        version: 6,
        address: (0xffffn << 32n) | subject.address,
        prefix: subject.prefix + 96,
      });
const networkText: Query = (subject) => addressText(subject, ip.networkOf(subject));

const QUERIES: Readonly<Record<string, Query>> = {
  "": shown,
  "6to4": sixToFour,
  address: addressOnly,
  "address/prefix": hostPrefix,
  bool: () => true,
  broadcast: (subject) =>
    ip.sizeOf(subject) > 2n ? addressText(subject, ip.lastOf(subject)) : null,
  cidr: (subject) => ip.formatInterface(subject),
  first_usable: ofNetwork((subject) => {
    const first = firstUsable(subject);
    return first === undefined ? null : addressText(subject, first);
  }),
  gateway: hostPrefix,
  gw: hostPrefix,
  host: hostPrefix,
  "host/prefix": hostPrefix,
  hostmask: wildcardText,
  hostnet: hostPrefix,
  int: (subject) =>
    subject.written ? `${subject.address}/${subject.prefix}` : int(subject.address),
  ip: addressOnly,
  "ip/prefix": (subject) =>
    ip.sizeOf(subject) > 1n && isHost(subject) ? ip.formatInterface(subject) : null,
  ip_netmask: (subject) =>
    ip.sizeOf(subject) > 1n && isHost(subject)
      ? `${addressText(subject)} ${maskText(subject)}`
      : null,
  ipv4: asVersion4,
  ipv6: asVersion6,
  last_usable: ofNetwork((subject) => {
    const last = lastUsable(subject);
    return last === undefined ? null : addressText(subject, last);
  }),
  "link-local": when(ip.isLinkLocal),
  lo: when(ip.isLoopback),
  loopback: when(ip.isLoopback),
  multicast: when(ip.isMulticast),
  net: (subject) => (isNetwork(subject) ? ip.formatNetwork(subject) : null),
  netmask: maskText,
  network: networkText,
  "network/prefix": networkPrefix,
  network_id: networkText,
  network_netmask: (subject) =>
    `${addressText(subject, ip.networkOf(subject))} ${maskText(subject)}`,
  network_wildcard: (subject) =>
    `${addressText(subject, ip.networkOf(subject))} ${wildcardText(subject)}`,
  next_usable: ofNetwork((subject) => neighbour(subject, 1n)),
  peer,
  prefix: (subject) => subject.prefix,
  previous_usable: ofNetwork((subject) => neighbour(subject, -1n)),
  private: when(ip.isPrivate),
  public: when(isPublic),
  range_usable: ofNetwork((subject) => {
    const first = firstUsable(subject);
    const last = lastUsable(subject);
    if (first === undefined || last === undefined) return null;
    return `${addressText(subject, first)}-${addressText(subject, last)}`;
  }),
  revdns: reverseName,
  router: hostPrefix,
  size: (subject) => int(ip.sizeOf(subject)),
  size_usable: (subject) => {
    const size = ip.sizeOf(subject);
    return size === 1n ? 0 : size === 2n ? 2 : int(size - 2n);
  },
  subnet: networkPrefix,
  type: (subject) => (isNetwork(subject) ? "network" : "address"),
  unicast: when(ip.isUnicast),
  v4: asVersion4,
  v6: asVersion6,
  version: (subject) => subject.version,
  wildcard: wildcardText,
  wrap: wrapped,
};

function isWholeNumber(value: Value): boolean {
  return asInt(value) !== undefined || /^-?\d+$/.test(textOf(value) ?? "");
}

function nthAddress(subject: ip.IpInterface, index: bigint): bigint | undefined {
  const size = ip.sizeOf(subject);
  const offset = index < 0n ? size + index : index;
  return offset >= 0n && offset < size ? ip.networkOf(subject) + offset : undefined;
}

function answer(subject: Subject, query: Value, alias: string): Value {
  const name = textOf(query);
  const known = name !== undefined && Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined;
  if (known) return known(subject);
  if (isWholeNumber(query)) {
    if (ip.sizeOf(subject) === 1n) return shown(subject);
    const address = nthAddress(subject, BigInt(str(query)));
    if (address === undefined) return null;
    return `${addressText(subject, address)}/${subject.prefix}`;
  }
  const network = name === undefined ? undefined : ip.parseInterface(name);
  if (network) return ip.contains(network, subject) ? shown(subject) : null;
  throw new FilterError(`${alias}: unknown filter type: ${str(query)}`);
}

/** One value, or those of a list that have an answer. */
function ask(value: Value, query: Value, version: Value, alias: string): Value {
  if (value instanceof Undefined) return value.fail();
  if (isSequence(value)) {
    return Array.from(iterate(value), (item) => ask(item, query, version, alias)).filter(truth);
  }
  const subject = parseSubject(value);
  if (!subject) return false;
  if (
    truth(version) &&
    asInt(version) !== subject.version &&
    str(version) !== String(subject.version)
  ) {
    return false;
  }
  return answer(subject, query, alias);
}

function family(alias: string, version: Value): Filter {
  return define(alias, ["query?", "version?", "alias?"], (value, parameters) =>
    ask(
      value,
      parameters.get("query", ""),
      version === false ? parameters.get("version", false) : version,
      alias,
    ),
  );
}

const ipwrap = define("ipwrap", ["query?"], (value, parameters) => {
  const wrapOne = (item: Value): Value => {
    const subject = parseSubject(item);
    if (!subject) return item;
    const query = parameters.get("query", "");
    return truth(answer(subject, query, "ipwrap")) ? wrapped(subject) : item;
  };
  if (value instanceof Undefined) return value.fail();
  return isSequence(value) ? Array.from(iterate(value), wrapOne) : wrapOne(value);
});

function requireSubject(value: Value, filter: string): Subject {
  if (value instanceof Undefined) return value.fail();
  const subject = parseSubject(value);
  if (subject) return subject;
  throw new FilterError(`${filter}: not an IP address or network: ${str(value)}`);
}

const ipsubnet = define("ipsubnet", ["query?", "index?"], (value, parameters) => {
  if (value instanceof Undefined) return value.fail();
  const subject = parseSubject(value);
  if (!subject) return false;
  const query = parameters.get("query", "");
  if (query === "") return ip.formatInterface(subject);
  if (!isWholeNumber(query)) return positionIn(subject, textFrom(query));
  const prefix = Number(str(query));
  const bits = ip.bitsOf(subject.version);
  if (prefix < 0 || prefix > bits) return false;
  const index =
    parameters.given("index") && isWholeNumber(parameters.get("index", 0))
      ? BigInt(str(parameters.get("index", 0)))
      : undefined;
  if (isNetwork(subject)) {
    if (prefix < subject.prefix) return false;
    const total = 1n << BigInt(prefix - subject.prefix);
    if (index === undefined) return total.toString();
    const place = index < 0n ? total + index : index;
    if (place < 0n || place >= total) return false;
    const step = 1n << BigInt(bits - prefix);
    return ip.formatInterface({
      version: subject.version,
      address: ip.networkOf(subject) + place * step,
      prefix,
    });
  }
  const wider = Array.from({ length: Math.max(bits - prefix, 0) }, (_, i) => prefix + i);
  const chosen = index === undefined ? wider[0] : wider.at(Number(index));
  return chosen === undefined ? false : ip.formatNetwork({ ...subject, prefix: chosen });
});

/** The number, from 1, of the subnet among the subnets of its size in the network. */
function positionIn(subject: Subject, query: string): Value {
  const network = ip.parseInterface(query);
  if (!network)
    throw new FilterError(`You must pass a valid subnet or IP address; ${query} is not one`);
  if (!ip.contains(network, subject)) {
    throw new FilterError(`${ip.formatInterface(subject)} is not in the subnet ${query}`);
  }
  const distance = ip.networkOf(subject) - ip.networkOf(network);
  return (distance / ip.sizeOf(subject) + 1n).toString();
}

function networks(value: Value): ip.IpInterface[] {
  if (!isSequence(value)) throw new FilterError(`cidr_merge: expected iterable, got ${str(value)}`);
  return Array.from(iterate(value), (item) => requireSubject(item, "cidr_merge"));
}

const cidrMerge = define("cidr_merge", ["action?"], (value, parameters) => {
  const all = networks(value);
  const action = textFrom(parameters.get("action", "merge"));
  if (action === "merge") return ip.mergeNetworks(all).map(ip.formatNetwork);
  if (action !== "span") throw new FilterError(`cidr_merge: invalid action '${action}'`);
  const first = all[0];
  if (!first) return null;
  let span: ip.IpInterface = { ...first, address: ip.networkOf(first) };
  while (!all.every((network) => ip.contains(span, network))) {
    if (span.prefix === 0)
      throw new FilterError("cidr_merge: the networks have no common supernet");
    span = { ...span, prefix: span.prefix - 1 };
  }
  return ip.formatNetwork(span);
});

function insideUsable(value: Value, parameters: Parameters, filter: string): boolean {
  const outer = requireSubject(value, filter);
  const inner = requireSubject(parameters.get("test", null), filter);
  const first = firstUsable(outer) ?? outer.address;
  const last = lastUsable(outer) ?? outer.address;
  const low = inner.written ? ip.networkOf(inner) : inner.address;
  const high = inner.written ? ip.lastOf(inner) : inner.address;
  return inner.version === outer.version && low >= first && high <= last;
}

const usableRange = define("usable_range", [], (value) => {
  const subject = requireSubject(value, "usable_range");
  const size = ip.sizeOf(subject);
  if (size > 65_536n) {
    throw new FilterError(`usable_range: ${str(value)} has ${size} addresses, more than 65536`);
  }
  const first = ip.networkOf(subject);
  const list = Array.from({ length: Number(size) }, (_, i) =>
    addressText(subject, first + BigInt(i)),
  );
  return new Dict([
    ["usable_ips", list],
    ["number_of_ips", int(size)],
  ]);
});

export const filters: Readonly<Record<string, Filter>> = {
  cidr_merge: cidrMerge,
  ip4_hex: define("ip4_hex", ["delimiter?"], (value, parameters) => {
    const parsed = ip.parseAddress(textFrom(value));
    if (parsed?.version !== 4) throw new FilterError(`ip4_hex: not an IPv4 address: ${str(value)}`);
    const hex = parsed.address.toString(16).padStart(8, "0");
    return (hex.match(/../g) ?? []).join(textFrom(parameters.get("delimiter", "")));
  }),
  ipaddr: family("ipaddr", false),
  ipmath: define("ipmath", ["amount"], (value, parameters) => {
    const subject = requireSubject(value, "ipmath");
    return addressText(subject, subject.address + BigInt(parameters.int("amount", 0)));
  }),
  ipsubnet,
  ipv4: family("ipv4", 4),
  ipv6: family("ipv6", 6),
  ipv6form: define("ipv6form", ["format"], (value, parameters) => {
    const subject = requireSubject(value, "ipv6form");
    const groups = ip.ipv6Groups(subject.address);
    switch (textFrom(parameters.get("format", ""))) {
      case "compress":
        return addressText(subject);
      case "expand":
        return groups.map((group) => group.padStart(4, "0")).join(":");
      case "x509":
        return groups.map((group) => group.toUpperCase()).join(":");
      default:
        throw new FilterError("ipv6form: the format is one of compress, expand, x509");
    }
  }),
  ipwrap,
  network_in_network: define("network_in_network", ["test"], (value, parameters) => {
    const inner = requireSubject(parameters.get("test", null), "network_in_network");
    return ip.contains(requireSubject(value, "network_in_network"), inner);
  }),
  network_in_usable: define("network_in_usable", ["test"], (value, parameters) =>
    insideUsable(value, parameters, "network_in_usable"),
  ),
  next_nth_usable: define("next_nth_usable", ["offset"], (value, parameters) =>
    neighbour(requireSubject(value, "next_nth_usable"), BigInt(parameters.int("offset", 1))),
  ),
  nthhost: define("nthhost", ["query?"], (value, parameters) => {
    const subject = parseSubject(value);
    const query = parameters.get("query", "");
    if (!subject || !isWholeNumber(query)) return false;
    const address = nthAddress(subject, BigInt(str(query)));
    return address === undefined ? false : addressText(subject, address);
  }),
  previous_nth_usable: define("previous_nth_usable", ["offset"], (value, parameters) =>
    neighbour(requireSubject(value, "previous_nth_usable"), -BigInt(parameters.int("offset", 1))),
  ),
  reduce_on_network: define("reduce_on_network", ["network"], (value, parameters) => {
    const network = requireSubject(parameters.get("network", null), "reduce_on_network");
    const items = isSequence(value) ? Array.from(iterate(value)) : [value];
    return items.filter((item) => {
      const subject = parseSubject(item);
      return subject !== undefined && ip.contains(network, subject);
    });
  }),
  usable_range: usableRange,
};

const UTILS = "ansible.utils";
export const collections: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(filters).map((name) => [name, UTILS]),
);
