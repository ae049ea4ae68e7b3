/** Memory, processors, mounts, block devices and the firmware's tables. */
import { linesOf } from "../../lib/sections.ts";
import type { Data } from "../../module.ts";
import type { FactReport } from "./source.ts";

type Facts = Record<string, Data>;

export function memoryFacts(report: FactReport): Facts {
  const mb = new Map(
    report.lines("/proc/meminfo").map((line) => {
      const [key = "", value = "0"] = line.split(":");
      return [key, Math.floor(Number.parseInt(value, 10) / 1024)] as const;
    }),
  );
  const get = (key: string) => mb.get(key) ?? 0;
  const total = get("MemTotal");
  const free = get("MemFree");
  const cached = free + get("Cached") + get("Buffers");
  return {
    memtotal_mb: total,
    memfree_mb: free,
    swaptotal_mb: get("SwapTotal"),
    swapfree_mb: get("SwapFree"),
    memory_mb: {
      real: { total, used: total - free, free },
      nocache: { free: cached, used: total - cached },
      swap: {
        total: get("SwapTotal"),
        free: get("SwapFree"),
        used: get("SwapTotal") - get("SwapFree"),
        cached: get("SwapCached"),
      },
    },
  };
}

export function processorFacts(report: FactReport): Facts {
  const list: string[] = [];
  const sockets = new Map<string, number>();
  const siblings = new Map<string, number>();
  let socket = "";
  let processors = 0;
  for (const line of report.lines("/proc/cpuinfo")) {
    const [rawKey = "", ...rest] = line.split(":");
    const key = rawKey.trim();
    const value = rest.join(":").trim();
    if (["model name", "Processor", "vendor_id", "cpu", "Vendor", "processor"].includes(key)) {
      list.push(value);
      if (key === "processor") processors++;
    } else if (key === "physical id") {
      socket = value;
      if (!sockets.has(socket)) sockets.set(socket, 1);
    } else if (key === "cpu cores") sockets.set(socket, Number(value));
    else if (key === "siblings") siblings.set(socket, Number(value));
  }
  const count = sockets.size || processors || 1;
  const cores = sockets.size > 0 ? ([...sockets.values()][0] ?? 1) : 1;
  const threads =
    sockets.size > 0 ? Math.max(1, Math.floor(([...siblings.values()][0] ?? cores) / cores)) : 1;
  const allowed = report
    .lines("/proc/self/status")
    .find((line) => line.startsWith("Cpus_allowed_list:"))
    ?.split(":")[1]
    ?.trim();
  return {
    processor: list,
    processor_count: count,
    processor_cores: cores,
    processor_threads_per_core: threads,
    processor_vcpus: sockets.size > 0 ? count * cores * threads : count,
    processor_nproc: countRanges(allowed) || processors,
  };
}

/** How many numbers `0-3,8` names. */
function countRanges(text: string | undefined): number {
  return (text ?? "")
    .split(",")
    .filter((range) => range !== "")
    .reduce((sum, range) => {
      const [from = 0, to = from] = range.split("-").map(Number);
      return sum + to - from + 1;
    }, 0);
}

export function mountFacts(report: FactReport): Facts {
  const sizes = new Map(
    linesOf(report.part("statfs")).map((line) => {
      const match = /^(\d+) (\d+) (\d+) (\d+) (\d+) (.*)$/.exec(line);
      return [match?.[6] ?? "", match?.slice(1, 6).map(Number) ?? []] as const;
    }),
  );
  const mounts: Data[] = [];
  for (const line of report.lines("/proc/self/mountinfo")) {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root = "/", rawMount = "", options = ""] = left.split(" ");
    const [fstype = "", device = "", superOptions = ""] = right.split(" ");
    if (!(device.startsWith("/") || device.includes(":/")) || fstype === "none") continue;
    const mount = unescapeMount(rawMount);
    const [size = 0, total = 0, available = 0, inodes = 0, freeInodes = 0] = sizes.get(mount) ?? [];
    const all = [...new Set([...options.split(","), ...superOptions.split(",")])].filter(
      (option, index, list) => !(option === "rw" && list.indexOf("ro") >= 0) && index >= 0,
    );
    mounts.push({
      mount,
      device: unescapeMount(device),
      fstype,
      options: `${all.join(",")}${root === "/" ? "" : ",bind"}`,
      size_total: size * total,
      size_available: size * available,
      block_size: size,
      block_total: total,
      block_available: available,
      block_used: total - available,
      inode_total: inodes,
      inode_available: freeInodes,
      inode_used: inodes - freeInodes,
      uuid: "N/A",
    });
  }
  return { mounts };
}

function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

const UNITS = ["Bytes", "KB", "MB", "GB", "TB", "PB"];

function readable(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)} ${UNITS[unit]}`;
}

export function deviceFacts(report: FactReport): Facts {
  const devices: Record<string, Data> = {};
  const partitions = new Map<string, Record<string, Data>>();
  const links = { ids: [], uuids: [], labels: [], masters: [] };
  for (const path of report.paths()) {
    const match = /^\/sys\/block\/([^/]+)\/([^/]+)\/start$/.exec(path);
    if (!match) continue;
    const [, device = "", partition = ""] = match;
    const sectors = report.line(`/sys/block/${device}/${partition}/size`) ?? "0";
    const all = partitions.get(device) ?? {};
    all[partition] = {
      links,
      start: report.line(path) ?? "0",
      sectors,
      sectorsize: 512,
      size: readable(Number(sectors) * 512),
      uuid: null,
      holders: [],
    };
    partitions.set(device, all);
  }
  for (const path of report.paths()) {
    const device = /^\/sys\/block\/([^/]+)\/size$/.exec(path)?.[1];
    if (!device) continue;
    const read = (name: string) => report.line(`/sys/block/${device}/${name}`);
    const sectors = read("size") ?? "0";
    const scheduler = read("queue/scheduler") ?? "";
    devices[device] = {
      virtual: 1,
      links,
      vendor: read("device/vendor") ?? null,
      model: read("device/model") ?? null,
      sas_address: null,
      sas_device_handle: null,
      removable: read("removable") ?? "0",
      support_discard: read("queue/discard_granularity") ?? "0",
      partitions: partitions.get(device) ?? {},
      rotational: read("queue/rotational") ?? "0",
      scheduler_mode: /\[(.+)\]/.exec(scheduler)?.[1] ?? scheduler,
      sectors,
      sectorsize: read("queue/physical_block_size") ?? "512",
      size: readable(Number(sectors) * 512),
      host: "",
      holders: [],
    };
  }
  return {
    devices,
    device_links: { ids: {}, uuids: {}, labels: {}, masters: {} },
    lvm: "N/A",
  };
}

const FORM_FACTORS =
  "Unknown,Other,Unknown,Desktop,Low Profile Desktop,Pizza Box,Mini Tower,Tower,Portable,Laptop,Notebook,Hand Held,Docking Station,All In One,Sub Notebook,Space-saving,Lunch Box,Main Server Chassis,Expansion Chassis,Sub Chassis,Bus Expansion Chassis,Peripheral Chassis,RAID Chassis,Rack Mount Chassis,Sealed-case PC,Multi-system,CompactPCI,AdvancedTCA,Blade,Blade Enclosure,Tablet,Convertible,Detachable,IoT Gateway,Embedded PC,Mini PC,Stick PC".split(
    ",",
  );

const FIRMWARE: Readonly<Record<string, string>> = {
  bios_date: "bios_date",
  bios_vendor: "bios_vendor",
  bios_version: "bios_version",
  board_asset_tag: "board_asset_tag",
  board_name: "board_name",
  board_serial: "board_serial",
  board_vendor: "board_vendor",
  board_version: "board_version",
  chassis_asset_tag: "chassis_asset_tag",
  chassis_serial: "chassis_serial",
  chassis_vendor: "chassis_vendor",
  chassis_version: "chassis_version",
  form_factor: "chassis_type",
  product_name: "product_name",
  product_serial: "product_serial",
  product_uuid: "product_uuid",
  product_version: "product_version",
  system_vendor: "sys_vendor",
};

export function firmwareFacts(report: FactReport): Facts {
  const facts: Facts = {};
  for (const [fact, file] of Object.entries(FIRMWARE)) {
    const value = report.line(`/sys/devices/virtual/dmi/id/${file}`);
    facts[fact] =
      fact === "form_factor" && value
        ? (FORM_FACTORS[Number(value)] ?? `unknown (${value})`)
        : value || "NA";
  }
  return facts;
}

export function uptimeFacts(report: FactReport): Facts {
  return { uptime_seconds: Math.trunc(Number((report.line("/proc/uptime") ?? "0").split(" ")[0])) };
}
