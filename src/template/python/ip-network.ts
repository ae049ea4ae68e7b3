/** IPv4 and IPv6 addresses and networks as integers. RFC 4291, RFC 5952, RFC 1918 and the registries. */

export type IpVersion = 4 | 6;

/** An address with a prefix length: a host in its network. */
export interface IpInterface {
  readonly version: IpVersion;
  readonly address: bigint;
  readonly prefix: number;
}

export function bitsOf(version: IpVersion): number {
  return version === 4 ? 32 : 128;
}

export function maskOf(version: IpVersion, prefix: number): bigint {
  const bits = BigInt(bitsOf(version));
  return ((1n << bits) - 1n) ^ ((1n << (bits - BigInt(prefix))) - 1n);
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  let body = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const low = parseIpv4(dotted[2]);
    if (low === undefined) return undefined;
    body = `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const halves = body.split("::");
  if (halves.length > 2) return undefined;
  const split = (half: string | undefined) => (half ? half.split(":") : []);
  const head = split(halves[0]);
  const tail = split(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail];
  let value = 0n;
  for (const group of groups) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
}

export function parseAddress(text: string): { version: IpVersion; address: bigint } | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return { version: 4, address: v4 };
  const v6 = parseIpv6(text);
  return v6 === undefined ? undefined : { version: 6, address: v6 };
}

/** The prefix length of "24", "255.255.255.0" or the host mask "0.0.0.255". */
export function parsePrefix(text: string, version: IpVersion): number | undefined {
  const bits = bitsOf(version);
  if (/^\d+$/.test(text)) return Number(text) <= bits ? Number(text) : undefined;
  const mask = parseAddress(text);
  if (!mask || mask.version !== version) return undefined;
  for (let prefix = 0; prefix <= bits; prefix++) {
    if (maskOf(version, prefix) === mask.address) return prefix;
  }
  const inverse = ((1n << BigInt(bits)) - 1n) ^ mask.address;
  for (let prefix = 0; prefix <= bits; prefix++) {
    if (maskOf(version, prefix) === inverse) return prefix;
  }
  return undefined;
}

/** "10.0.0.1", "10.0.0.1/24", "10.0.0.1/255.255.255.0", "fd00::1/64"; without prefix it is a host. */
export function parseInterface(text: string): IpInterface | undefined {
  const slash = text.indexOf("/");
  const parsed = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (!parsed) return undefined;
  if (slash === -1) return { ...parsed, prefix: bitsOf(parsed.version) };
  const prefix = parsePrefix(text.slice(slash + 1), parsed.version);
  return prefix === undefined ? undefined : { ...parsed, prefix };
}

/** The shortest text; RFC 5952 for IPv6, IPv4-mapped and -compatible ones in dotted form. */
export function formatAddress(version: IpVersion, address: bigint): string {
  if (version === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");
  }
  const groups = ipv6Groups(address);
  const dotted = formatAddress(4, address & 0xffffffffn);
  if (address >> 32n === 0xffffn) return `::ffff:${dotted}`;
  if (address >> 32n === 0n && address > 0xffffn) return `::${dotted}`;
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start === -1) return groups.join(":");
  const head = groups.slice(0, best.start).join(":");
  return `${head}::${groups.slice(best.start + best.length).join(":")}`;
}

export function ipv6Groups(address: bigint): string[] {
  return Array.from({ length: 8 }, (_, i) =>
    ((address >> BigInt(112 - i * 16)) & 0xffffn).toString(16),
  );
}

export function networkOf(ip: IpInterface): bigint {
  return ip.address & maskOf(ip.version, ip.prefix);
}

/** The last address of the network (IPv4: its broadcast address). */
export function lastOf(ip: IpInterface): bigint {
  return networkOf(ip) + sizeOf(ip) - 1n;
}

export function sizeOf(ip: IpInterface): bigint {
  return 1n << BigInt(bitsOf(ip.version) - ip.prefix);
}

export function formatInterface(ip: IpInterface): string {
  return `${formatAddress(ip.version, ip.address)}/${ip.prefix}`;
}

export function formatNetwork(ip: IpInterface): string {
  return `${formatAddress(ip.version, networkOf(ip))}/${ip.prefix}`;
}

/** Whether all of `inner` lies in the network of `outer`. */
export function contains(outer: IpInterface, inner: IpInterface): boolean {
  return (
    outer.version === inner.version &&
    networkOf(outer) <= networkOf(inner) &&
    lastOf(outer) >= lastOf(inner)
  );
}

function inAny(ip: IpInterface, networks: readonly string[]): boolean {
  return networks.some((text) => {
    const network = parseInterface(text);
    return network !== undefined && contains(network, ip);
  });
}

const MULTICAST = ["224.0.0.0/4", "ff00::/8"];
const LOOPBACK = ["127.0.0.0/8", "::1/128"];
const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"];
const PRIVATE = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "192.0.2.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "100.64.0.0/10",
  "192.0.0.0/24",
  "239.0.0.0/8",
  "fc00::/7",
  "fec0::/10",
];
const RESERVED = ["0.0.0.0/8", "240.0.0.0/4", "192.0.2.0/24", "::/8", "2001:db8::/32"];

export const isMulticast = (ip: IpInterface): boolean => inAny(ip, MULTICAST);
export const isLoopback = (ip: IpInterface): boolean => inAny(ip, LOOPBACK);
export const isLinkLocal = (ip: IpInterface): boolean => inAny(ip, LINK_LOCAL);
export const isPrivate = (ip: IpInterface): boolean => inAny(ip, PRIVATE) || isLinkLocal(ip);
export const isReserved = (ip: IpInterface): boolean => inAny(ip, RESERVED);
export const isUnicast = (ip: IpInterface): boolean => !isMulticast(ip);

/** The fewest networks that cover exactly the addresses from `first` to `last`. */
export function coverRange(version: IpVersion, first: bigint, last: bigint): IpInterface[] {
  const networks: IpInterface[] = [];
  const bits = bitsOf(version);
  let at = first;
  while (at <= last) {
    let prefix = bits;
    while (prefix > 0) {
      const wider: IpInterface = { version, address: at, prefix: prefix - 1 };
      if (networkOf(wider) !== at || lastOf(wider) > last) break;
      prefix--;
    }
    const network: IpInterface = { version, address: at, prefix };
    networks.push(network);
    at = lastOf(network) + 1n;
  }
  return networks;
}

/** Joins overlapping and adjacent networks; IPv4 before IPv6, ascending. */
export function mergeNetworks(networks: readonly IpInterface[]): IpInterface[] {
  const merged: IpInterface[] = [];
  for (const version of [4, 6] as const) {
    const ranges = networks
      .filter((network) => network.version === version)
      .map((network) => [networkOf(network), lastOf(network)] as [bigint, bigint])
      .sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const joined: [bigint, bigint][] = [];
    for (const range of ranges) {
      const previous = joined.at(-1);
      if (previous && range[0] <= previous[1] + 1n) {
        if (range[1] > previous[1]) previous[1] = range[1];
      } else joined.push(range);
    }
    for (const [first, last] of joined) merged.push(...coverRange(version, first, last));
  }
  return merged;
}
