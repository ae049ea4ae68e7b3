/** The docker workspace: builds in a container of a daemon, near or far. See docs/docker-builds.md. */
export { AdoptedContainer, type AdoptOptions } from "./adopted.ts";
export {
  chooseSnapshots,
  listSnapshots,
  type PrunePolicy,
  removeSnapshot,
  type SnapshotRow,
  snapshotName,
  takeSnapshot,
} from "./snapshots.ts";
export { createDockerWorkspace, type DockerWorkspaceOptions } from "./workspace.ts";
