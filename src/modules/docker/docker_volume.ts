/**
 * `community.docker.docker_volume`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_volume_module.html
 */
import { isNotFound, type VolumeInspect } from "../../docker/index.ts";
import { textOption } from "../lib/option-values.ts";
import type { Data, ModuleSpec } from "../module.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { asData, textDict } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_volume",
  summary: "Manages volumes",
  options: {
    ...DAEMON_OPTIONS,
    volume_name: {
      type: "str",
      required: true,
      aliases: ["name"],
      description: "Name of the volume.",
    },
    driver: { type: "str", default: "local", description: "Driver of the volume." },
    driver_options: { type: "dict", default: {}, description: "Options of the driver." },
    labels: { type: "dict", description: "Labels." },
    recreate: {
      type: "str",
      choices: ["always", "never", "options-changed"],
      default: "never",
      description: "When a volume that exists is made anew. What is in it is lost.",
    },
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "What is to be.",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "talk",
  returns: { volume: "The volume as the daemon describes it." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async ({ client }, context, args) => {
  const changes = new Changes(context, args);
  const name = textOption(args, "volume_name") ?? "";
  const find = async (): Promise<VolumeInspect | undefined> => {
    try {
      return await client.volumes.inspect(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  let volume = await find();
  const exists = volume !== undefined;
  if (textOption(args, "state") === "absent") {
    changes.differs("exists", exists, false);
    if (exists) await changes.act(`Removed volume ${name}`, () => client.volumes.remove(name));
    return changes.result();
  }
  const driver = textOption(args, "driver") ?? "local";
  const options = textDict(args.driver_options) ?? {};
  const labels = textDict(args.labels);
  let differences: string[] | undefined;
  if (volume && args.recreate === "options-changed") {
    differences = differencesOf(changes, volume, driver, options, labels);
  }
  changes.differs("exists", exists, true);
  changes.differences = differences ?? [];
  if (volume && ((differences && differences.length > 0) || args.recreate === "always")) {
    await changes.act(`Removed volume ${name}`, () => client.volumes.remove(name));
    volume = undefined;
  }
  if (!volume) {
    await changes.act(`Created volume ${name} with driver ${driver}`, () =>
      client.volumes.create({
        Name: name,
        Driver: driver,
        DriverOpts: options,
        ...(labels === undefined ? {} : { Labels: labels }),
      }),
    );
  }
  return changes.result({ volume: asData(await find()) });
});

function differencesOf(
  changes: Changes,
  volume: VolumeInspect,
  driver: string,
  options: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> | undefined,
): string[] {
  const found: string[] = [];
  const note = (what: string, before: Data, after: Data) => {
    changes.differs(what, before, after);
    found.push(what);
  };
  if (volume.Driver !== driver) note("driver", volume.Driver, driver);
  for (const [key, value] of Object.entries(options)) {
    const current = volume.Options?.[key];
    if (current !== value) note(`driver_options.${key}`, current ?? null, value);
  }
  for (const [key, value] of Object.entries(labels ?? {})) {
    const current = volume.Labels?.[key];
    if (current !== value) note(`labels.${key}`, current ?? null, value);
  }
  return found;
}
