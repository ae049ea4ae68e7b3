/**
 * `community.docker.docker_image`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_module.html
 */
import { type ImageInspect, isNotFound } from "../../docker/index.ts";
import { fail } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { imagesInArchive, loadArchive, saveArchive } from "./image/archive.ts";
import { buildImage } from "./image/build.ts";
import { pushImage, tagImage } from "./image/push.ts";
import { Changes } from "./lib/changes.ts";
import { type Daemon, withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference, isImageId, pullImage } from "./lib/images.ts";
import { asData, isObject, objectAt, textDict } from "./lib/json.ts";
import { bytesOf } from "./lib/sizes.ts";

export const spec = {
  name: "community.docker.docker_image",
  summary: "Manages images: pulls, builds, loads, tags, pushes, archives, removes",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "str", required: true, description: "Name of the image, with a tag or without." },
    tag: { type: "str", default: "latest", description: "Tag, when `name` has none." },
    source: {
      type: "str",
      choices: ["build", "load", "pull", "local"],
      description: "Where the image comes from.",
    },
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "What is to be.",
    },
    archive_path: { type: "path", description: "File that the image is written to." },
    load_path: { type: "path", description: "File to load from, with source=load." },
    build: {
      type: "dict",
      description: "How to build, with source=build.",
      options: {
        path: { type: "path", required: true, description: "Folder with the Dockerfile." },
        dockerfile: { type: "str", description: "Name of the Dockerfile." },
        args: { type: "dict", description: "Arguments of the build." },
        cache_from: { type: "list", elements: "str", description: "Images to take steps from." },
        container_limits: {
          type: "dict",
          description: "Limits of the build's containers.",
          options: {
            memory: { type: "str", description: "Memory." },
            memswap: { type: "str", description: "Memory and swap." },
            cpushares: { type: "int", description: "Relative weight of CPU time." },
            cpusetcpus: { type: "str", description: "CPUs." },
          },
        },
        etc_hosts: { type: "dict", description: "Further lines of /etc/hosts." },
        http_timeout: {
          type: "int",
          description: "Seconds for requests.",
          noEffect: "`timeout` is how long the daemon may be silent.",
        },
        labels: { type: "dict", description: "Labels of the image." },
        network: { type: "str", description: "Network of the build." },
        nocache: { type: "bool", default: false, description: "Do every step anew." },
        platform: { type: "str", description: "Platform." },
        pull: { type: "bool", default: false, description: "Pull the base image in any case." },
        rm: { type: "bool", default: true, description: "Remove containers of the build." },
        shm_size: { type: "str", description: "Size of /dev/shm." },
        target: { type: "str", description: "Stage to build." },
        use_config_proxy: {
          type: "bool",
          description: "Give the proxies of the Docker configuration to the build.",
          noEffect: "Give proxies as `args`.",
        },
      },
    },
    pull: {
      type: "dict",
      description: "How to pull, with source=pull.",
      options: { platform: { type: "str", description: "Platform." } },
    },
    force_absent: { type: "bool", default: false, description: "Remove it in any case." },
    force_source: { type: "bool", default: false, description: "Get it although it is there." },
    force_tag: { type: "bool", default: false, description: "Take a name from another image." },
    push: { type: "bool", default: false, description: "Push the image." },
    repository: { type: "str", description: "Further name, with a registry and a tag." },
  },
  requiredIf: [
    ["state", "present", ["source"]],
    ["source", "build", ["build"]],
    ["source", "load", ["load_path"]],
  ],
  checkMode: "full",
  diff: false,
  effect: "talk",
  volatile: true,
  returns: {
    image: "The image as the daemon describes it.",
    actions: "What was done.",
    stdout: "What the build said.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon((daemon, context, args) => {
  const given = textOption(args, "name") ?? "";
  if (isImageId(given) && textOption(args, "state") === "present" && args.source !== "local") {
    return fail(`an image can be got by its name, not by its id ${given}`);
  }
  const reference = imageReference(given, textOption(args, "tag") ?? "latest");
  return textOption(args, "state") === "absent"
    ? absent(daemon, context, args, reference)
    : present(daemon, context, args, reference);
});

async function absent(
  daemon: Daemon,
  context: ModuleContext,
  args: Arguments,
  reference: string,
): Promise<ModuleResult> {
  const changes = new Changes(context, args);
  const image: Record<string, Data> = {};
  if (await findImage(daemon.client, reference)) {
    await changes.act(`Removed image ${reference}`, () =>
      daemon.client.images
        .remove(reference, { force: flagOption(args, "force_absent") ?? false })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        }),
    );
    image.state = "Deleted";
  }
  return changes.result({ image }, true);
}

async function present(
  daemon: Daemon,
  context: ModuleContext,
  args: Arguments,
  reference: string,
): Promise<ModuleResult> {
  const changes = new Changes(context, args);
  const { client } = daemon;
  const before = await findImage(client, reference);
  let image = before;
  const fields: Record<string, Data> = {};
  if (!before || flagOption(args, "force_source")) {
    image = await obtain(daemon, context, args, changes, reference, before, fields);
    if (before && image && before.Id === image.Id && !context.checkMode) changes.changed = false;
  }
  const archive = textOption(args, "archive_path");
  if (archive !== undefined && image) {
    const path = await daemon.absolute(archive);
    await archiveImage(daemon, context, changes, image, reference, path);
  }
  const repository = textOption(args, "repository");
  const push = flagOption(args, "push") === true;
  if (repository !== undefined && image) {
    const target = imageReference(repository, textOption(args, "tag") ?? "latest");
    await tagImage(
      daemon,
      changes,
      image,
      reference,
      target,
      flagOption(args, "force_tag") ?? false,
    );
    if (push) await pushImage(daemon, context, changes, target);
  } else if (push && image) {
    await pushImage(daemon, context, changes, reference);
  }
  if (image && repository !== undefined) image = (await findImage(client, image.Id)) ?? image;
  return changes.result({ image: image ? asData(image) : {}, ...fields }, true);
}

async function obtain(
  daemon: Daemon,
  context: ModuleContext,
  args: Arguments,
  changes: Changes,
  reference: string,
  before: ImageInspect | undefined,
  fields: Record<string, Data>,
): Promise<ImageInspect | undefined> {
  let image = before;
  switch (textOption(args, "source")) {
    case "build": {
      const build = objectAt(args.build) as Readonly<Record<string, Data>>;
      const path = textOption(build, "path") ?? "";
      await changes.act(`Built image ${reference} from ${path}`, async () => {
        const built = await buildImage(daemon, context, {
          name: reference,
          path,
          dockerfile: textOption(build, "dockerfile"),
          args: textDict(build.args),
          labels: textDict(build.labels),
          cacheFrom: listOption(build, "cache_from"),
          etcHosts: textDict(build.etc_hosts),
          network: textOption(build, "network"),
          noCache: flagOption(build, "nocache") ?? false,
          pull: flagOption(build, "pull") ?? false,
          remove: flagOption(build, "rm") ?? true,
          target: textOption(build, "target"),
          platform: textOption(build, "platform"),
          shmSize: sizeOption(build, "shm_size"),
          limits: limitsOf(build.container_limits),
        });
        image = built.image;
        fields.stdout = built.stdout;
      });
      return image;
    }
    case "load": {
      const path = textOption(args, "load_path") ?? "";
      await changes.act(`Loaded image ${reference} from ${path}`, async () => {
        const { names, ids } = await loadArchive(daemon, context, path);
        if (names.length > 0 && !names.includes(reference)) {
          fail(`The archive contained image ${names.join(", ")} instead of ${reference}`);
        }
        const [id] = ids;
        if (names.length === 0 && id !== undefined) await daemon.client.images.tag(id, reference);
        image = await findImage(daemon.client, reference);
      });
      return image;
    }
    case "pull": {
      await changes.act(`Pulled image ${reference}`, async () => {
        const platform = textOption(objectAt(args.pull) as never, "platform");
        image = await pullImage(daemon, context, reference, platform);
      });
      return image;
    }
    default:
      return image ?? fail(`Cannot find the image ${reference} locally.`);
  }
}

function limitsOf(given: Data | undefined): Record<string, string | number> {
  if (!isObject(given)) return {};
  const limits = given as Readonly<Record<string, Data>>;
  const found: Record<string, string | number | undefined> = {
    memory: sizeOption(limits, "memory"),
    memswap: sizeOption(limits, "memswap"),
    cpushares: limits.cpushares as number | undefined,
    cpusetcpus: textOption(limits, "cpusetcpus"),
  };
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string | number] => entry[1] != null),
  );
}

function sizeOption(options: Arguments, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  return text === "-1" ? -1 : bytesOf(name, text);
}

async function archiveImage(
  daemon: Daemon,
  context: ModuleContext,
  changes: Changes,
  image: ImageInspect,
  reference: string,
  path: string,
): Promise<void> {
  const [found, ...more] = (await imagesInArchive(daemon, path)) ?? [];
  if (found && more.length === 0 && found.id === image.Id && found.names[0] === reference) return;
  const why = found
    ? `overwriting archive with image ${found.id} named ${found.names.join(", ")}`
    : "since none present";
  await changes.act(`Archived image ${reference} to ${path}, ${why}`, () =>
    saveArchive(daemon, context, [reference], path),
  );
}
