/**
 * `community.docker.docker_image_build`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_build_module.html
 */
import { fail } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { buildImage } from "./image/build.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference } from "./lib/images.ts";
import { asData, textDict } from "./lib/json.ts";
import { bytesOf } from "./lib/sizes.ts";

export const spec = {
  name: "community.docker.docker_image_build",
  summary: "Builds an image from a Dockerfile",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "str", required: true, description: "Name of the image." },
    tag: { type: "str", default: "latest", description: "Tag, when `name` has none." },
    path: { type: "path", required: true, description: "Folder with the Dockerfile." },
    dockerfile: { type: "str", description: "Name of the Dockerfile." },
    args: { type: "dict", description: "Arguments of the build." },
    cache_from: { type: "list", elements: "str", description: "Images to take steps from." },
    etc_hosts: { type: "dict", description: "Further lines of /etc/hosts." },
    labels: { type: "dict", description: "Labels of the image." },
    network: { type: "str", description: "Network of the build." },
    nocache: { type: "bool", default: false, description: "Do every step anew." },
    platform: { type: "list", elements: "str", description: "Platform; only one." },
    pull: { type: "bool", default: false, description: "Pull the base image in any case." },
    rebuild: {
      type: "str",
      choices: ["never", "always"],
      default: "never",
      description: "Whether an image that is there is built again.",
    },
    shm_size: { type: "str", description: "Size of /dev/shm." },
    target: { type: "str", description: "Stage to build." },
    secrets: {
      type: "list",
      elements: "dict",
      description: "Refused: secrets need buildx, and the build is the Engine's own.",
    },
    outputs: {
      type: "list",
      elements: "dict",
      description: "Refused: the image is put into the daemon that builds it.",
    },
  },
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

export const run = withDaemon(async (daemon, context, args) => {
  const changes = new Changes(context, args);
  for (const option of ["secrets", "outputs"]) {
    if (listOption(args, option)?.length)
      return fail(`docker_image_build: ${option} is not supported`);
  }
  const platforms = listOption(args, "platform") ?? [];
  if (platforms.length > 1) return fail("docker_image_build: only one platform is supported");
  const name = imageReference(textOption(args, "name") ?? "", textOption(args, "tag"));
  const path = textOption(args, "path") ?? "";
  let image = await findImage(daemon.client, name);
  if (image && textOption(args, "rebuild") === "never") {
    return changes.result({ image: asData(image) }, true);
  }
  const before = image?.Id;
  let stdout: string | undefined;
  const shm = textOption(args, "shm_size");
  await changes.act(`Built image ${name} from ${path}`, async () => {
    const built = await buildImage(daemon, context, {
      name,
      path,
      dockerfile: textOption(args, "dockerfile"),
      args: textDict(args.args),
      labels: textDict(args.labels),
      cacheFrom: listOption(args, "cache_from"),
      etcHosts: textDict(args.etc_hosts),
      network: textOption(args, "network"),
      noCache: flagOption(args, "nocache") ?? false,
      pull: flagOption(args, "pull") ?? false,
      remove: true,
      target: textOption(args, "target"),
      platform: platforms[0],
      shmSize: shm === undefined ? undefined : bytesOf("shm_size", shm),
      limits: {},
    });
    ({ image, stdout } = built);
    changes.changed = image.Id !== before;
  });
  const fields = { image: image ? asData(image) : {} };
  return changes.result(stdout === undefined ? fields : { ...fields, stdout }, true);
});
