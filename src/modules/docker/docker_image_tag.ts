/**
 * `community.docker.docker_image_tag`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_tag_module.html
 */
import { fail } from "../lib/failure.ts";
import { listOption, textOption } from "../lib/option-values.ts";
import type { Data, ModuleSpec } from "../module.ts";
import { tagImage } from "./image/push.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference } from "./lib/images.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_image_tag",
  summary: "Gives an image further names",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "str", required: true, description: "Name or id of the image." },
    tag: { type: "str", default: "latest", description: "Tag, when `name` has none." },
    repository: {
      type: "list",
      elements: "str",
      required: true,
      description: "The further names, with their tags.",
    },
    existing_images: {
      type: "str",
      choices: ["keep", "overwrite"],
      default: "overwrite",
      description: "What happens to a name that another image has.",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "talk",
  returns: {
    image: "The image as the daemon describes it.",
    tagged_images: "Names that it has got.",
    actions: "What was done.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const changes = new Changes(context, args);
  const tag = textOption(args, "tag") ?? "latest";
  const reference = imageReference(textOption(args, "name") ?? "", tag);
  const image = await findImage(daemon.client, reference);
  if (!image) return fail(`Cannot find image ${reference}`);
  const overwrite = textOption(args, "existing_images") === "overwrite";
  const tagged: Data[] = [];
  for (const repository of listOption(args, "repository") ?? []) {
    const target = imageReference(repository, tag);
    const before = await findImage(daemon.client, target);
    const done = await tagImage(daemon, changes, image, reference, target, overwrite);
    if (done) tagged.push(target);
    const id = before?.Id;
    changes.differs(target, id === undefined ? { exists: false } : { id }, {
      id: done ? image.Id : (id ?? image.Id),
    });
  }
  return changes.result({ image: asData(image), tagged_images: tagged }, true);
});
