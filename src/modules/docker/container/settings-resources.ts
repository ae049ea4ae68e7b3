/** Options of docker_container about limits and devices. */

import { PyFloat } from "../../../values/model.ts";
import { fail } from "../../lib/failure.ts";
import { listOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data } from "../../module.ts";
import { asData, at, isObject, listAt, textDict } from "../lib/json.ts";
import { bytesOf } from "../lib/sizes.ts";
import { type Setting, sortedSet } from "./setting.ts";
import { dict, flag, hostField, number, set, text } from "./settings-process.ts";

const size = (option: string) => (args: Arguments) => {
  const given = textOption(args, option);
  return given === undefined ? undefined : bytesOf(option, given);
};

/** A limit that a container that exists can be given too. */
function limit(option: string, field: string, wanted: Setting["wanted"]): Setting {
  const setting = hostField(option, field, "value", wanted);
  return { ...setting, update: (value) => ({ [field]: value }) };
}

function deviceRates(option: string, field: string): Setting {
  return {
    option,
    kind: "set",
    wanted: (args) => {
      const given = args[option];
      if (!Array.isArray(given)) return undefined;
      return sortedSet(
        given.filter(isObject).map(({ path, rate }) => ({
          path: String(path),
          rate: typeof rate === "number" ? rate : bytesOf(option, String(rate)),
        })),
      );
    },
    current: ({ HostConfig }) =>
      sortedSet(
        listAt(HostConfig, field).map((item) => ({
          path: asData(at(item, "Path")),
          rate: asData(at(item, "Rate")),
        })),
      ),
    put: ({ host }, value) => {
      host[field] = (value as Data[]).map((item) => ({
        Path: at(item, "path"),
        Rate: at(item, "rate"),
      }));
    },
  };
}

const DEVICE_FIELDS = ["PathOnHost", "PathInContainer", "CgroupPermissions"];
const REQUEST_FIELDS: readonly (readonly [option: string, field: string])[] = [
  ["driver", "Driver"],
  ["count", "Count"],
  ["device_ids", "DeviceIDs"],
  ["capabilities", "Capabilities"],
  ["options", "Options"],
];

export const RESOURCE_SETTINGS: readonly Setting[] = [
  limit("blkio_weight", "BlkioWeight", number("blkio_weight")),
  limit("cpu_period", "CpuPeriod", number("cpu_period")),
  limit("cpu_quota", "CpuQuota", number("cpu_quota")),
  limit("cpu_shares", "CpuShares", number("cpu_shares")),
  {
    ...hostField("cpus", "NanoCpus", "value", (args) => {
      const { cpus } = args;
      return cpus instanceof PyFloat ? Math.round(cpus.value * 1e9) : undefined;
    }),
  },
  limit("cpuset_cpus", "CpusetCpus", text("cpuset_cpus")),
  limit("cpuset_mems", "CpusetMems", text("cpuset_mems")),
  deviceRates("device_read_bps", "BlkioDeviceReadBps"),
  deviceRates("device_read_iops", "BlkioDeviceReadIOps"),
  deviceRates("device_write_bps", "BlkioDeviceWriteBps"),
  deviceRates("device_write_iops", "BlkioDeviceWriteIOps"),
  hostField("device_cgroup_rules", "DeviceCgroupRules", "set", set("device_cgroup_rules")),
  {
    option: "device_requests",
    kind: "set",
    wanted: ({ device_requests }) =>
      Array.isArray(device_requests)
        ? device_requests.filter(isObject).map((request) => ({
            driver: asData(request.driver ?? ""),
            count: asData(request.count ?? 0),
            device_ids: asData(request.device_ids ?? []),
            capabilities: asData(request.capabilities ?? []),
            options: textDict(request.options as Data) ?? {},
          }))
        : undefined,
    current: ({ HostConfig }) =>
      listAt(HostConfig, "DeviceRequests").map((request) =>
        Object.fromEntries(
          REQUEST_FIELDS.map(([option, field]) => [
            option,
            asData(at(request, field) ?? (option.endsWith("s") ? [] : null)),
          ]),
        ),
      ),
    put: ({ host }, value) => {
      host.DeviceRequests = (value as Data[]).map((request) =>
        Object.fromEntries(REQUEST_FIELDS.map(([option, field]) => [field, at(request, option)])),
      );
    },
  },
  {
    option: "devices",
    kind: "set",
    wanted: (args) => {
      const devices = listOption(args, "devices");
      return devices?.map((device) => {
        const [host = "", inside = host, permissions = "rwm"] = device.split(":");
        const fields = [host, inside, permissions];
        return Object.fromEntries(DEVICE_FIELDS.map((name, index) => [name, fields[index] ?? ""]));
      });
    },
    current: ({ HostConfig }) => asData(listAt(HostConfig, "Devices")),
    put: ({ host }, value) => {
      host.Devices = value;
    },
  },
  limit("kernel_memory", "KernelMemory", size("kernel_memory")),
  limit("memory", "Memory", size("memory")),
  limit("memory_reservation", "MemoryReservation", size("memory_reservation")),
  limit("memory_swap", "MemorySwap", (args) =>
    /^(unlimited|-1)$/.test(textOption(args, "memory_swap") ?? "") ? -1 : size("memory_swap")(args),
  ),
  hostField("memory_swappiness", "MemorySwappiness", "value", number("memory_swappiness")),
  hostField("oom_killer", "OomKillDisable", "value", flag("oom_killer")),
  hostField("oom_score_adj", "OomScoreAdj", "value", number("oom_score_adj")),
  hostField("pids_limit", "PidsLimit", "value", number("pids_limit")),
  hostField("shm_size", "ShmSize", "value", size("shm_size")),
  hostField("storage_opts", "StorageOpt", "dict", dict("storage_opts")),
  {
    option: "ulimits",
    kind: "set",
    wanted: (args) =>
      listOption(args, "ulimits")?.map((ulimit) => {
        const [, Name, soft, hard] = /^(\w+):(-?\d+)(?::(-?\d+))?$/.exec(ulimit) ?? [];
        if (Name === undefined)
          return fail(`ulimits: '${ulimit}' is no limit such as nofile:1024:2048`);
        return { Name, Soft: Number(soft), Hard: Number(hard ?? soft) };
      }),
    current: ({ HostConfig }) => asData(listAt(HostConfig, "Ulimits")),
    put: ({ host }, value) => {
      host.Ulimits = value;
    },
  },
];
