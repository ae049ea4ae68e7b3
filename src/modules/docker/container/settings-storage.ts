/** Options of docker_container about filesystems. */
import { fail } from "../../lib/failure.ts";
import { listOption } from "../../lib/option-values.ts";
import type { Data } from "../../module.ts";
import { at, isObject, listAt, objectAt, textDict } from "../lib/json.ts";
import { bytesOf } from "../lib/sizes.ts";
import { type Setting, sortedSet } from "./setting.ts";
import { flag, hostField, set, text } from "./settings-process.ts";

/** `source:path`, `source:path:mode`: with a mode. A path alone is an anonymous volume. */
export function normalVolume(volume: string): string {
  const parts = volume.split(":");
  if (parts.length === 1) return volume;
  if (parts.length > 3) return fail(`volumes: '${volume}' is no source:path:mode`);
  const [source = "", path = "", mode = "rw"] = parts;
  // A path and a mode: an anonymous volume in old files.
  if (/^(ro|rw|z|Z|[rw]?shared|[rw]?slave|[rw]?private|nocopy)(,.*)?$/.test(path)) return source;
  return `${source}:${path}:${mode}`;
}

function mount(given: Readonly<Record<string, unknown>>): Data {
  const { type, labels, volume_options, tmpfs_size, tmpfs_mode } = given;
  const only = (names: readonly string[], kind: string) => {
    for (const name of names) {
      if (given[name] !== undefined && given[name] !== null && type !== kind) {
        fail(`mounts: ${name} is only for mounts of type ${kind}, and ${given.target} is ${type}`);
      }
    }
  };
  only(["propagation", "create_mountpoint"], "bind");
  only(["no_copy", "labels", "volume_driver", "volume_options"], "volume");
  only(["tmpfs_size", "tmpfs_mode"], "tmpfs");
  if (type === "bind" && !given.source)
    fail(`mounts: the bind mount ${given.target} has no source`);
  const wanted: Record<string, unknown> = {
    type,
    target: given.target,
    source: given.source,
    read_only: given.read_only,
    consistency: given.consistency,
    propagation: given.propagation,
    no_copy: given.no_copy,
    create_mountpoint: given.create_mountpoint,
    labels: textDict(labels as Data),
    volume_driver: given.volume_driver,
    volume_options: textDict(volume_options as Data),
    tmpfs_size: typeof tmpfs_size === "string" ? bytesOf("tmpfs_size", tmpfs_size) : undefined,
    tmpfs_mode: typeof tmpfs_mode === "string" ? Number.parseInt(tmpfs_mode, 8) : undefined,
  };
  return present(wanted);
}

function present(fields: Readonly<Record<string, unknown>>): Data {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as Data;
}

function currentMount(found: unknown): Data {
  return present({
    type: at(found, "Type"),
    target: at(found, "Target"),
    source: at(found, "Source"),
    read_only: at(found, "ReadOnly") ?? false,
    consistency: at(found, "Consistency"),
    propagation: at(found, "BindOptions", "Propagation"),
    create_mountpoint: at(found, "BindOptions", "CreateMountpoint") ?? false,
    no_copy: at(found, "VolumeOptions", "NoCopy") ?? false,
    labels: at(found, "VolumeOptions", "Labels") ?? {},
    volume_driver: at(found, "VolumeOptions", "DriverConfig", "Name"),
    volume_options: at(found, "VolumeOptions", "DriverConfig", "Options") ?? {},
    tmpfs_size: at(found, "TmpfsOptions", "SizeBytes"),
    tmpfs_mode: at(found, "TmpfsOptions", "Mode"),
  });
}

function sentMount(wanted: unknown): Data {
  const of = (name: string) => at(wanted, name);
  const group = (fields: Record<string, unknown>) => {
    const found = present(fields);
    return isObject(found) && Object.keys(found).length > 0 ? found : undefined;
  };
  return present({
    Type: of("type"),
    Target: of("target"),
    Source: of("source"),
    ReadOnly: of("read_only"),
    Consistency: of("consistency"),
    BindOptions: group({
      Propagation: of("propagation"),
      CreateMountpoint: of("create_mountpoint"),
    }),
    VolumeOptions: group({
      NoCopy: of("no_copy"),
      Labels: of("labels"),
      DriverConfig: group({ Name: of("volume_driver"), Options: of("volume_options") }),
    }),
    TmpfsOptions: group({ SizeBytes: of("tmpfs_size"), Mode: of("tmpfs_mode") }),
  });
}

export const STORAGE_SETTINGS: readonly Setting[] = [
  {
    option: "mounts",
    kind: "set",
    wanted: ({ mounts }) =>
      Array.isArray(mounts) ? sortedSet(mounts.filter(isObject).map(mount)) : undefined,
    current: ({ HostConfig }) => sortedSet(listAt(HostConfig, "Mounts").map(currentMount)),
    put: ({ host }, value) => {
      host.Mounts = (value as Data[]).map(sentMount);
    },
  },
  hostField("read_only", "ReadonlyRootfs", "value", flag("read_only")),
  hostField("tmpfs", "Tmpfs", "dict", (args) => {
    const given = listOption(args, "tmpfs");
    return (
      given &&
      Object.fromEntries(
        given.map((entry) => {
          const colon = entry.indexOf(":");
          return colon < 0 ? [entry, ""] : [entry.slice(0, colon), entry.slice(colon + 1)];
        }),
      )
    );
  }),
  hostField("volume_driver", "VolumeDriver", "value", text("volume_driver")),
  {
    option: "volumes",
    kind: "set",
    wanted: (args) => {
      const volumes = listOption(args, "volumes");
      return volumes && [...new Set(volumes.map(normalVolume))];
    },
    current: ({ Config, HostConfig }) =>
      sortedSet([
        ...listAt(HostConfig, "Binds").map((bind) => normalVolume(String(bind))),
        ...Object.keys(objectAt(Config, "Volumes")),
      ]),
    put: ({ config, host }, value) => {
      const volumes = value as string[];
      host.Binds = volumes.filter((volume) => volume.includes(":"));
      config.Volumes = Object.fromEntries(
        volumes.filter((volume) => !volume.includes(":")).map((path) => [path, {}]),
      );
    },
    withImage: (value, image) =>
      sortedSet([...(value as string[]), ...Object.keys(objectAt(image, "Config", "Volumes"))]),
  },
  hostField("volumes_from", "VolumesFrom", "set", set("volumes_from")),
];
