/** Interfaces and addresses, from `ip` and /sys. Without `ip` there are none, as in the original. */
import { linesOf } from "../../lib/sections.ts";
import type { Data } from "../../module.ts";
import type { FactReport } from "./source.ts";

type Facts = Record<string, Data>;
interface Address4 {
  address: string;
  broadcast: string;
  netmask: string;
  network: string;
  prefix: string;
}

const TYPES: Readonly<Record<string, string>> = {
  "1": "ether",
  "32": "infiniband",
  "512": "ppp",
  "772": "loopback",
  "65534": "tunnel",
};

export function networkFacts(report: FactReport): Facts {
  if (!report.parts.has("addr")) return {};
  const interfaces = new Map<string, Record<string, Data>>();
  const masters = new Map<string, string[]>();
  for (const line of linesOf(report.part("links"))) {
    const match = /^\d+:\s+([^:@\s]+)(?:@\S+)?:\s+<([^>]*)>.*?(?:\smaster (\S+))?/.exec(line);
    const name = match?.[1];
    if (!name) continue;
    const master = / master (\S+)/.exec(line)?.[1];
    if (master) masters.set(master, [...(masters.get(master) ?? []), name]);
    interfaces.set(name, linkFacts(report, name));
  }
  const ipv4 = new Map<string, Address4[]>();
  const all4: string[] = [];
  const all6: string[] = [];
  const labels = new Map<string, string>();
  for (const line of linesOf(report.part("addr"))) {
    const words = line.replaceAll("\\", " ").trim().split(/\s+/);
    const [, rawName = "", family, cidr = ""] = words;
    const name = rawName.replace(/@.*/, "");
    const after = (key: string) => words[words.indexOf(key) + 1];
    const [address = "", prefix = "32"] = cidr.split("/");
    const facts = interfaces.get(name) ?? linkFacts(report, name);
    interfaces.set(name, facts);
    if (family === "inet") {
      const mask = netmask(Number(prefix));
      const entry = {
        address,
        broadcast: words.includes("brd") ? (after("brd") ?? "") : "",
        netmask: dotted(mask),
        network: dotted((number(address) & mask) >>> 0),
        prefix,
      };
      ipv4.set(name, [...(ipv4.get(name) ?? []), entry]);
      labels.set(address, name);
      if (!address.startsWith("127.")) all4.push(address);
    } else if (family === "inet6") {
      const list = Array.isArray(facts.ipv6) ? facts.ipv6 : [];
      facts.ipv6 = [...list, { address, prefix, scope: after("scope") ?? "" }];
      if (address !== "::1") all6.push(address);
    }
  }
  const facts: Facts = {};
  for (const [name, link] of interfaces) {
    const [first, ...more] = ipv4.get(name) ?? [];
    if (first) link.ipv4 = { ...first };
    if (more.length > 0) link.ipv4_secondaries = more.map((entry) => ({ ...entry }));
    const members = masters.get(name);
    if (link.type === "bridge") link.interfaces = members ?? [];
    if (link.type === "bonding") link.slaves = members ?? [];
    facts[name.replace(/[-:.]/g, "_")] = link;
  }
  return {
    ...facts,
    interfaces: [...interfaces.keys()],
    all_ipv4_addresses: all4,
    all_ipv6_addresses: all6,
    default_ipv4: default4(report, interfaces, ipv4),
    default_ipv6: default6(report, interfaces),
  };
}

function linkFacts(report: FactReport, name: string): Record<string, Data> {
  const read = (file: string) => report.line(`/sys/class/net/${name}/${file}`);
  const facts: Record<string, Data> = { device: name };
  const mac = read("address");
  if (mac && mac !== "00:00:00:00:00:00") facts.macaddress = mac;
  const mtu = read("mtu");
  if (mtu) facts.mtu = Number(mtu);
  const state = read("operstate");
  if (state !== undefined) facts.active = state !== "down";
  const bridge = read("bridge/bridge_id");
  const bond = read("bonding/mode");
  const type = TYPES[read("type") ?? ""];
  if (type) facts.type = type;
  if (bridge !== undefined) {
    facts.type = "bridge";
    facts.id = bridge;
    facts.stp = read("bridge/stp_state") === "1";
  } else if (bond !== undefined) {
    facts.type = "bonding";
    facts.mode = bond.split(" ")[0] ?? "";
  }
  const speed = read("speed");
  if (speed) facts.speed = Number(speed);
  const flags = Number(read("flags") ?? "0");
  facts.promisc = (flags & 0x100) !== 0;
  return facts;
}

/** The words after `via`, `dev` and `src` of `ip route get`. */
function route(text: string): {
  via?: string | undefined;
  dev?: string | undefined;
  src?: string | undefined;
} {
  const words = (linesOf(text)[0] ?? "").split(/\s+/);
  if (words[0] === "unreachable" || words.length < 3) return {};
  const after = (key: string) => (words.includes(key) ? words[words.indexOf(key) + 1] : undefined);
  return { via: after("via"), dev: after("dev"), src: after("src") };
}

function default4(
  report: FactReport,
  interfaces: ReadonlyMap<string, Record<string, Data>>,
  ipv4: ReadonlyMap<string, readonly Address4[]>,
): Data {
  const { via, dev, src } = route(report.part("route4"));
  const link = dev === undefined ? undefined : interfaces.get(dev);
  if (!dev || !link) return {};
  const entry = (ipv4.get(dev) ?? []).find(({ address }) => address === src);
  return {
    interface: dev,
    ...(src === undefined ? {} : { address: src }),
    ...(via === undefined ? {} : { gateway: via }),
    ...(entry ?? {}),
    ...pick(link),
    alias: dev,
  };
}

function default6(report: FactReport, interfaces: ReadonlyMap<string, Record<string, Data>>): Data {
  const { via, dev, src } = route(report.part("route6"));
  const link = dev === undefined ? undefined : interfaces.get(dev);
  if (!dev || !link || !src || src === "::1") return {};
  const addresses = Array.isArray(link.ipv6) ? link.ipv6 : [];
  const entry = addresses.find(
    (each): each is { readonly [key: string]: Data } =>
      typeof each === "object" && each !== null && "address" in each && each.address === src,
  );
  return {
    interface: dev,
    address: src,
    ...(via === undefined ? {} : { gateway: via }),
    ...(entry ? { prefix: entry.prefix ?? "", scope: entry.scope ?? "" } : {}),
    ...pick(link),
  };
}

function pick(link: Record<string, Data>): Facts {
  const facts: Facts = {};
  for (const key of ["macaddress", "mtu", "type"]) {
    const value = link[key];
    if (value !== undefined) facts[key] = value;
  }
  return facts;
}

function number(address: string): number {
  return address.split(".").reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
}

function netmask(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}
