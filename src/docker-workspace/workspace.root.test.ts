import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { DockerClient } from "../docker/index.ts";
import { workspaceContract } from "../workspace/contract.ts";
import { createDockerWorkspace } from "./index.ts";

const client = new DockerClient();
const scratch: string[] = [];

afterAll(async () => {
  // The contract's images are as good as everybody's; they are made again when they are needed.
  for (const reference of ["layerbook/state", "layerbook/base"]) {
    const images = await client.images.list({ filters: { reference: [reference] } });
    for (const name of images.flatMap(({ RepoTags }) => RepoTags ?? [])) {
      await client.images.remove(name).catch(() => []);
    }
  }
  for (const root of scratch) rmSync(root, { recursive: true, force: true });
  client.close();
});

/** Needs root (the daemon's socket) and Docker. */
describe("a container of the Docker daemon", () => {
  workspaceContract(async () => {
    const root = mkdtempSync(join(tmpdir(), "layerbook-docker-"));
    scratch.push(root);
    return createDockerWorkspace({ root, client });
  });
});
