/** Builds an image from a Dockerfile. */
import {
  type Credentials,
  DockerError,
  type ImageInspect,
  registryOf,
} from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import type { ModuleContext } from "../../module.ts";
import type { Daemon } from "../lib/daemon.ts";
import { baseImages, buildContext } from "./context.ts";

export interface BuildRequest {
  readonly name: string;
  readonly path: string;
  readonly dockerfile: string | undefined;
  readonly args: Readonly<Record<string, string>> | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly cacheFrom: readonly string[] | undefined;
  readonly etcHosts: Readonly<Record<string, string>> | undefined;
  readonly network: string | undefined;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly remove: boolean;
  readonly target: string | undefined;
  readonly platform: string | undefined;
  readonly shmSize: number | undefined;
  readonly limits: Readonly<Record<string, string | number>>;
}

/** Answers the image and what the build said. */
export async function buildImage(
  daemon: Daemon,
  context: ModuleContext,
  request: BuildRequest,
): Promise<{ readonly image: ImageInspect; readonly stdout: string }> {
  const { archive, dockerfile, text } = await buildContext(
    daemon,
    request.path,
    request.dockerfile,
  );
  const said: string[] = [];
  const registries: Record<string, Credentials> = {};
  for (const registry of new Set(baseImages(text).map(registryOf))) {
    const credentials = await daemon.credentials(registry);
    if (credentials) registries[registry] = credentials;
  }
  const hosts = Object.entries(request.etcHosts ?? {}).map(
    ([name, address]) => `${name}:${address}`,
  );
  const query = {
    t: request.name,
    dockerfile,
    nocache: request.noCache,
    pull: request.pull,
    rm: request.remove,
    forcerm: true,
    target: request.target,
    platform: request.platform,
    networkmode: request.network,
    shmsize: request.shmSize,
    buildargs: request.args && JSON.stringify(request.args),
    labels: request.labels && JSON.stringify(request.labels),
    cachefrom: request.cacheFrom && JSON.stringify(request.cacheFrom),
    extrahosts: hosts.length > 0 ? hosts : undefined,
    ...request.limits,
  };
  try {
    await daemon.client.images.build(archive, query, {
      registries,
      signal: context.signal,
      onProgress: ({ stream, status }) => said.push(stream ?? (status ? `${status}\n` : "")),
    });
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    return fail(`Error building ${request.name} - ${error.daemonMessage}`, {
      stdout: said.join(""),
    });
  }
  return { image: await daemon.client.images.inspect(request.name), stdout: said.join("") };
}
