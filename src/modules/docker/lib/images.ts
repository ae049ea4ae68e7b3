/** Finding and pulling the image that a task names. */
import {
  type DockerClient,
  DockerError,
  type ImageInspect,
  isNotFound,
  registryOf,
  splitTag,
} from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import type { ModuleContext } from "../../module.ts";
import type { Daemon } from "./daemon.ts";

/** `name`, `name:tag`, `name@sha256:...` as one reference with a tag or a digest. */
export function imageReference(name: string, tag = "latest"): string {
  return isImageId(name) || splitTag(name).tag !== undefined ? name : joinTag(name, tag);
}

/** A digest is joined by `@`, a tag by a colon. */
export function joinTag(repository: string, tag: string): string {
  return tag.includes(":") ? `${repository}@${tag}` : `${repository}:${tag}`;
}

export function isImageId(name: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(name);
}

/** The image; `undefined` when the daemon does not have it. */
export async function findImage(
  client: DockerClient,
  name: string,
): Promise<ImageInspect | undefined> {
  try {
    return await client.images.inspect(name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Pulls, with the account that the machine's Docker configuration has for the registry. */
export async function pullImage(
  daemon: Daemon,
  context: ModuleContext,
  name: string,
  platform?: string,
): Promise<ImageInspect> {
  const { client } = daemon;
  const credentials = await daemon.credentials(registryOf(name));
  try {
    await client.images.pull(name, {
      credentials,
      signal: context.signal,
      ...(platform === undefined ? {} : { platform }),
    });
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    return fail(`Error pulling image ${name}: ${error.daemonMessage}`);
  }
  return client.images.inspect(name);
}
