import { iterate } from "../../values/iterate.ts";
import { textOf, type Value } from "../../values/model.ts";
import { asInt } from "../../values/number.ts";
import { str } from "../../values/text.ts";
import { FilterError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import * as ip from "../python/ip-network.ts";
import { Random } from "../python/random.ts";
import { Undefined } from "../undefined.ts";
import { isSequence } from "./collections.ts";
import { seeded } from "./misc.ts";
import { define, textFrom } from "./shared.ts";

/** Hardware addresses and VLAN lists: `hwaddr`, `macaddr`, `slaac`, `random_mac`, `vlan_parser`. */

/** The twelve digits of an EUI-48 in any of its usual spellings. */
function macDigits(value: Value): string | undefined {
  const text = textOf(value) ?? "";
  const spelled =
    /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(text) ||
    /^[0-9a-f]{4}([.:-][0-9a-f]{4}){2}$/i.test(text) ||
    /^[0-9a-f]{6}[:-][0-9a-f]{6}$/i.test(text) ||
    /^[0-9a-f]{12}$/i.test(text);
  if (!spelled) return undefined;
  const parts = text.toLowerCase().split(/[:.-]/);
  const width = 12 / parts.length;
  return parts.map((part) => part.padStart(width, "0")).join("");
}

const groups = (digits: string, size: number, separator: string): string =>
  (digits.match(new RegExp(`.{${size}}`, "g")) ?? []).join(separator);
const short = (digits: string): string =>
  (digits.match(/../g) ?? []).map((pair) => pair.replace(/^0/, "")).join(":");

const DIALECTS: Readonly<Record<string, (digits: string) => Value>> = {
  "": (digits) => groups(digits, 2, ":"),
  bare: (digits) => digits.toUpperCase(),
  bool: () => true,
  cisco: (digits) => groups(digits, 4, "."),
  eui48: (digits) => groups(digits.toUpperCase(), 2, "-"),
  int: (digits) => Number.parseInt(digits, 16),
  linux: (digits) => groups(digits, 2, ":"),
  pgsql: (digits) => groups(digits, 6, ":"),
  postgresql: (digits) => groups(digits, 6, ":"),
  psql: (digits) => groups(digits, 6, ":"),
  unix: short,
  win: (digits) => groups(digits.toUpperCase(), 2, "-"),
};

function hardware(alias: string): Filter {
  return define(alias, ["query?"], (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    const query = textFrom(parameters.get("query", ""));
    const dialect = Object.hasOwn(DIALECTS, query) ? DIALECTS[query] : undefined;
    const digits = macDigits(value);
    if (digits === undefined) {
      if (query === "" || query === "bool") return query === "bool" ? false : "";
      throw new FilterError(`${alias}: not a hardware address: ${str(value)}`);
    }
    if (!dialect) throw new FilterError(`${alias}: unknown filter type: ${query}`);
    return dialect(digits);
  });
}

/** The address that a host gives itself in a /64 from its hardware address. RFC 4291, appendix A. */
const slaac = define("slaac", ["query?"], (value, parameters) => {
  const network = ip.parseInterface(textFrom(value));
  const digits = macDigits(parameters.get("query", ""));
  if (network?.version !== 6 || digits === undefined) return false;
  const first = (Number.parseInt(digits.slice(0, 2), 16) ^ 2).toString(16).padStart(2, "0");
  const identifier = BigInt(`0x${first}${digits.slice(2, 6)}fffe${digits.slice(6)}`);
  return ip.formatAddress(6, ((network.address >> 64n) << 64n) + identifier);
});

/** Completes a prefix of a hardware address with random bytes; a seed makes them repeatable. */
const randomMac = define("random_mac", ["seed?"], (value, parameters) => {
  const prefix = textOf(value);
  if (prefix === undefined) {
    if (value instanceof Undefined) value.fail();
    throw new FilterError(`Invalid value type (${typeof value}) for random_mac (${str(value)})`);
  }
  const parts = prefix
    .toLowerCase()
    .split(":")
    .filter((part) => part !== "");
  if (parts.length > 5) {
    throw new FilterError(
      `Invalid value (${prefix}) for random_mac: 5 colon(:) separated items max`,
    );
  }
  for (const part of parts) {
    if (!/^[0-9a-f]{2}$/.test(part)) {
      throw new FilterError(`Invalid value (${prefix}) for random_mac: ${part} not hexa byte`);
    }
  }
  if (parts.length === 0) throw new FilterError(`Invalid value (${prefix}) for random_mac`);
  const seed = parameters.get("seed", null);
  const generator = seed === null ? new Random() : seeded(seed);
  // Python draws one integer from 0x1000000000 to 0xffffffffff and uses as many digits as needed.
  const drawn = 68_719_476_736n + generator.below(1_099_511_627_776n - 68_719_476_736n);
  const random = (drawn.toString(16).match(/../g) ?? []).slice(0, 6 - parts.length);
  return [...parts, ...random].join(":");
});

/** Collapses VLAN numbers to ranges, in lines of limited length. */
const vlanParser = define(
  "vlan_parser",
  ["first_line_len?", "other_line_len?"],
  (value, parameters) => {
    const numbers = [
      ...new Set(Array.from(iterate(value), (item) => Number(asInt(item) ?? str(item)))),
    ];
    for (const number of numbers) {
      if (!(number >= 1 && number <= 4094)) {
        throw new FilterError("Valid VLAN range is 1-4094");
      }
    }
    numbers.sort((a, b) => a - b);
    const ranges: string[] = [];
    for (let i = 0; i < numbers.length; i++) {
      const start = i;
      while (numbers[i + 1] === (numbers[i] ?? 0) + 1) i++;
      const [low, high] = [numbers[start] ?? 0, numbers[i] ?? 0];
      if (high === low) ranges.push(`${low}`);
      else if (high === low + 1) ranges.push(`${low}`, `${high}`);
      else ranges.push(`${low}-${high}`);
    }
    const lines: string[] = [];
    let line = "";
    for (const range of ranges) {
      const limit = parameters.int(
        lines.length === 0 ? "first_line_len" : "other_line_len",
        lines.length === 0 ? 48 : 44,
      );
      if (line !== "" && line.length + range.length + 1 > limit) {
        lines.push(line);
        line = range;
      } else line = line === "" ? range : `${line},${range}`;
    }
    return [...lines, ...(line === "" ? [] : [line])];
  },
);

/** The numbers of a text such as "1-3,7". */
const vlanExpander = define("vlan_expander", [], (value) => {
  if (isSequence(value) || textOf(value) === undefined) {
    throw new FilterError("vlan_expander expects a string");
  }
  const numbers = new Set<number>();
  for (const part of textFrom(value).split(",")) {
    const match = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part);
    if (!match) throw new FilterError(`vlan_expander: not a VLAN or a range of VLANs: ${part}`);
    const first = Number(match[1]);
    for (let vlan = first; vlan <= Math.min(Number(match[2] ?? first), 4094); vlan++)
      numbers.add(vlan);
  }
  return [...numbers].sort((a, b) => a - b);
});

export const filters: Readonly<Record<string, Filter>> = {
  hwaddr: hardware("hwaddr"),
  macaddr: hardware("macaddr"),
  random_mac: randomMac,
  slaac,
  vlan_expander: vlanExpander,
  vlan_parser: vlanParser,
};

export const collections: Readonly<Record<string, string>> = {
  hwaddr: "ansible.utils",
  macaddr: "ansible.utils",
  random_mac: "community.general",
  slaac: "ansible.utils",
  vlan_expander: "ansible.netcommon",
  vlan_parser: "ansible.netcommon",
};
