/** The docker workspace: builds in a container of a daemon, near or far. See docs/docker-builds.md. */
export { createDockerWorkspace, type DockerWorkspaceOptions } from "./workspace.ts";
