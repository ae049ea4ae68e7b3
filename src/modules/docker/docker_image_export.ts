/**
 * `community.docker.docker_image_export`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_export_module.html
 */
import { fail } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { imagesInArchive, saveArchive } from "./image/archive.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference, isImageId } from "./lib/images.ts";
import { asData, canonical } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_image_export",
  summary: "Writes images to an archive",
  options: {
    ...DAEMON_OPTIONS,
    names: {
      type: "list",
      elements: "str",
      required: true,
      aliases: ["name"],
      description: "Names or ids of the images.",
    },
    tag: { type: "str", default: "latest", description: "Tag of names without one." },
    path: { type: "path", required: true, description: "The archive, on the target." },
    force: { type: "bool", default: false, description: "Write it although it is there." },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { images: "The images as the daemon describes them.", msg: "What was done." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const changes = new Changes(context, args);
  const tag = textOption(args, "tag") ?? "latest";
  const names = (listOption(args, "names") ?? []).map((name) => imageReference(name, tag));
  const path = await daemon.absolute(textOption(args, "path") ?? "");
  const images = await Promise.all(
    names.map(async (name) => {
      const image = await findImage(daemon.client, name);
      return { name, image: image ?? fail(`Image ${name} not found`) };
    }),
  );
  const wanted = images.map(({ name, image }) => [image.Id, isImageId(name) ? null : name]);
  const found = await imagesInArchive(daemon, path);
  const current = found?.flatMap(({ id, names: tags }) =>
    tags.length > 0 ? tags.map((one) => [id, one]) : [[id, null]],
  );
  const same =
    current && canonical(current.map(canonical).sort()) === canonical(wanted.map(canonical).sort());
  if (!same || flagOption(args, "force")) {
    const why = found ? "Overwriting the archive" : "Writing the archive";
    await changes.act(`${why} ${path}`, () => saveArchive(daemon, context, names, path));
  }
  const [msg = ""] = changes.actions.map(String);
  return changes.result({
    images: images.map(({ image }) => asData(image)),
    ...(msg ? { msg } : {}),
  });
});
