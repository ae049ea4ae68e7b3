/**
 * `community.docker.docker_image_push`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_push_module.html
 */
import { fail } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { pushImage } from "./image/push.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference, isImageId } from "./lib/images.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_image_push",
  summary: "Pushes an image to its registry",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "str", required: true, description: "Name of the image, with its registry." },
    tag: { type: "str", default: "latest", description: "Tag, when `name` has none." },
  },
  checkMode: "skip",
  diff: false,
  effect: "talk",
  volatile: true,
  returns: { image: "The image as the daemon describes it.", actions: "What was done." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const changes = new Changes(context, args);
  const name = textOption(args, "name") ?? "";
  if (isImageId(name)) return fail(`an image can be pushed by its name, not by its id ${name}`);
  const reference = imageReference(name, textOption(args, "tag"));
  const image = await findImage(daemon.client, reference);
  if (!image) return fail(`Cannot find image ${reference}`);
  await pushImage(daemon, context, changes, reference);
  return changes.result({ image: asData(image) }, true);
});
