/** Pushing and tagging. */
import { DockerError, type ImageInspect, registryOf, splitTag } from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import type { ModuleContext } from "../../module.ts";
import type { Changes } from "../lib/changes.ts";
import type { Daemon } from "../lib/daemon.ts";
import { findImage } from "../lib/images.ts";

/** Pushes; nothing has changed when the registry had every layer. */
export async function pushImage(
  daemon: Daemon,
  context: ModuleContext,
  changes: Changes,
  reference: string,
): Promise<string[]> {
  const registry = registryOf(reference);
  const { repository, tag } = splitTag(reference);
  const said: string[] = [];
  const before = changes.changed;
  let sent = false;
  const name = repository.startsWith(`${registry}/`)
    ? repository.slice(registry.length + 1)
    : repository;
  const shown = /^https?:/.test(registry) ? "docker.io" : registry;
  const action = `Pushed image ${repository} to ${shown}/${name}:${tag ?? "latest"}`;
  await changes.act(action, async () => {
    const credentials = await daemon.credentials(registry);
    try {
      await daemon.client.images.push(reference, {
        credentials,
        signal: context.signal,
        onProgress: ({ status }) => {
          if (status === "Pushing") sent = true;
          if (status) said.push(status);
        },
      });
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      const hint = /auth|denied|no basic auth/i.test(error.daemonMessage)
        ? ". Does the repository exist, and has docker_login been used for this registry?"
        : "";
      fail(`Error pushing image ${reference}: ${error.daemonMessage}${hint}`);
    }
    changes.changed = before || sent;
  });
  return said;
}

/** Gives an image a further name, unless it has it already. */
export async function tagImage(
  daemon: Daemon,
  changes: Changes,
  image: ImageInspect,
  shown: string,
  target: string,
  force = true,
): Promise<boolean> {
  const present = await findImage(daemon.client, target);
  if (present && (present.Id === image.Id || !force)) return false;
  await changes.act(`Tagged image ${shown} to ${target}`, () =>
    daemon.client.images.tag(image.Id, target),
  );
  return true;
}
