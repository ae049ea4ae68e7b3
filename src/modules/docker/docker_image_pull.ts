/**
 * `community.docker.docker_image_pull`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_pull_module.html
 */
import { textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference, pullImage } from "./lib/images.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_image_pull",
  summary: "Pulls an image",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "str", required: true, description: "Name of the image." },
    tag: { type: "str", default: "latest", description: "Tag, when `name` has none." },
    platform: { type: "str", description: "Platform." },
    pull: {
      type: "str",
      choices: ["always", "not_present"],
      default: "always",
      description: "When to pull.",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "talk",
  volatile: true,
  returns: { image: "The image as the daemon describes it.", actions: "What was done." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const changes = new Changes(context, args);
  const name = textOption(args, "name") ?? "";
  const reference = imageReference(name, textOption(args, "tag"));
  const before = await findImage(daemon.client, reference);
  let image = before;
  if (!before || textOption(args, "pull") === "always") {
    await changes.act(`Pulled image ${reference}`, async () => {
      image = await pullImage(daemon, context, reference, textOption(args, "platform"));
      changes.changed = image.Id !== before?.Id;
    });
  }
  const described = (id: string | undefined) => (id === undefined ? { exists: false } : { id });
  changes.differs("image", described(before?.Id), described(image?.Id ?? "unknown"));
  const fields = { image: image ? asData(image) : {} };
  return changes.result(fields, true);
});
