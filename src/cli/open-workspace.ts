/** Where builds run, by the name that `--on` gives it. Adding one is adding a row. */
import { DockerClient } from "../docker/index.ts";
import { createDockerWorkspace } from "../docker-workspace/index.ts";
import { EnvironmentError } from "../errors/index.ts";
import { createSandboxWorkspace } from "../sandbox/index.ts";
import type { Workspace } from "../workspace/workspace.ts";

const OPENERS = {
  sandbox: (root: string) => createSandboxWorkspace({ root }),
  docker: (root: string) => createDockerWorkspace({ root, client: new DockerClient() }),
} as const;

export type WorkspaceName = keyof typeof OPENERS;

export const WORKSPACES = Object.keys(OPENERS) as readonly WorkspaceName[];

/** The sandbox needs Linux; a daemon can be anywhere. */
export const DEFAULT_WORKSPACE: WorkspaceName = process.platform === "linux" ? "sandbox" : "docker";

/**
 * @param root the store's directory
 * @throws EnvironmentError that says what is missing where it cannot be used here
 */
export async function openWorkspace(
  name: WorkspaceName = DEFAULT_WORKSPACE,
  root: string,
): Promise<Workspace> {
  const workspace = OPENERS[name](root);
  const problem = await workspace.problem();
  if (problem) {
    await workspace.close();
    throw new EnvironmentError(problem.message, { hint: problem.hint });
  }
  return workspace;
}
