/**
 * `community.docker.docker_image_info`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_info_module.html
 */
import { listOption } from "../lib/option-values.ts";
import type { Data, ModuleSpec } from "../module.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage, imageReference } from "./lib/images.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_image_info",
  summary: "Tells about images",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "list", elements: "str", description: "Names or ids; none: all images." },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { images: "The images that are there, as the daemon describes them." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async ({ client }, _context, args) => {
  const names = listOption(args, "name") ?? [];
  const wanted =
    names.length > 0
      ? names.map((name) => imageReference(name))
      : (await client.images.list()).map(({ Id }) => Id);
  const images: Data[] = [];
  for (const name of wanted) {
    const found = await findImage(client, name);
    if (found) images.push(asData(found));
  }
  return { changed: false, images };
});
