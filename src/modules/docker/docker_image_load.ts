/**
 * `community.docker.docker_image_load`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_image_load_module.html
 */
import { textOption } from "../lib/option-values.ts";
import type { Data, ModuleSpec } from "../module.ts";
import { loadArchive } from "./image/archive.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { findImage } from "./lib/images.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_image_load",
  summary: "Loads the images of an archive",
  options: {
    ...DAEMON_OPTIONS,
    path: { type: "path", required: true, description: "The archive, on the target." },
  },
  checkMode: "skip",
  diff: false,
  effect: "talk",
  returns: {
    image_names: "Names of the images, ids of those without one.",
    images: "The images as the daemon describes them.",
    stdout: "What the daemon said.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const { names, ids, stdout } = await loadArchive(daemon, context, textOption(args, "path") ?? "");
  const images: Data[] = [];
  for (const name of [...names, ...ids]) {
    const found = await findImage(daemon.client, name);
    if (found) images.push(asData(found));
  }
  return { changed: true, image_names: [...names, ...ids].sort(), images, stdout };
});
