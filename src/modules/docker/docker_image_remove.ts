/**
 * `community.docker.docker_image_remove`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_remove_module.html
 */
import { flagOption, textOption } from "../lib/option-values.ts";
import type { Data, ModuleSpec } from "../module.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference } from "./lib/images.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_image_remove",
  summary: "Removes an image, or one of its names",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "str", required: true, description: "Name or id of the image." },
    tag: { type: "str", default: "latest", description: "Tag, when `name` has none." },
    force: { type: "bool", default: false, description: "Remove it with all its names." },
    prune: { type: "bool", default: true, description: "Remove parents without a name, too." },
  },
  checkMode: "full",
  diff: true,
  effect: "talk",
  returns: {
    image: "The image as it was.",
    deleted: "Ids that were deleted.",
    untagged: "Names that were taken away.",
    actions: "What was done.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const changes = new Changes(context, args);
  const { images } = daemon.client;
  const reference = imageReference(textOption(args, "name") ?? "", textOption(args, "tag"));
  const image = await findImage(daemon.client, reference);
  const deleted: Data[] = [];
  const untagged: Data[] = [];
  const described = (found: typeof image): Data =>
    found ? { id: found.Id, tags: asData(found.RepoTags ?? []) } : { exists: false };
  if (image) {
    await changes.act(`Removed image ${reference}`, async () => {
      const force = flagOption(args, "force") ?? false;
      const noPrune = flagOption(args, "prune") === false;
      for (const entry of await images.remove(reference, { force, noPrune })) {
        if (entry.Deleted) deleted.push(entry.Deleted);
        if (entry.Untagged) untagged.push(entry.Untagged);
      }
    });
  }
  const after = image && !context.checkMode ? await findImage(daemon.client, image.Id) : undefined;
  changes.differs("image", described(image), described(after));
  return changes.result({ image: image ? asData(image) : {}, deleted, untagged }, true);
});
