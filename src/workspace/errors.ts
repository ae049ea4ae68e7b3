/** What can go wrong in a workspace, in words for the user. */
import { statfsSync } from "node:fs";
import { EnvironmentError, type ErrorDetails, messageOf } from "../errors/index.ts";

/** A workspace could not do what it was asked for. */
export class WorkspaceError extends EnvironmentError {}

/** A layer that does not hold what its manifest or its digest says. */
export class LayerError extends EnvironmentError {}

/** A layer whose files are no longer what they were; everything that was made of it is in doubt. */
export class DamagedLayerError extends LayerError {
  readonly layer: string;

  constructor(layer: string, what: string) {
    super(`the layer ${layer} is damaged: ${what}`, {
      hint: "See what else is with 'layerbook cache verify'.",
    });
    this.layer = layer;
  }
}

/**
 * Gives any failure of a file operation or tool the reason a user can act on.
 * @param what begins the message: "cannot keep the layer"
 * @param place directory whose disk it was about
 */
export function explain(error: unknown, what: string, place: string): WorkspaceError | LayerError {
  if (error instanceof WorkspaceError || error instanceof LayerError) return error;
  const said = messageOf(error).trim().split("\n").slice(-3).join(" ");
  return new WorkspaceError(`${what}: ${said}`, { ...hintFor(said, place), cause: error });
}

function hintFor(said: string, place: string): ErrorDetails {
  if (/ENOSPC|No space left on device/i.test(said)) {
    return {
      hint: `The disk of ${place} is full${sizeOf(place)}. Free some space there, or choose another store (LAYERBOOK_STORE, --store).`,
    };
  }
  if (/EDQUOT|Disk quota exceeded/i.test(said)) {
    return { hint: `The disk quota of ${place} is used up.` };
  }
  if (/EROFS|Read-only file system/i.test(said)) {
    return { hint: `${place} is on a read-only file system. Choose another store.` };
  }
  if (/EMFILE|ENFILE|Too many open files/i.test(said)) {
    return { hint: "Raise the limit of open files (ulimit -n)." };
  }
  return {};
}

/** ` (24 MB in all, 0 MB free)`; nothing where the disk cannot be asked. */
function sizeOf(place: string): string {
  try {
    const { bavail, blocks, bsize } = statfsSync(place);
    const megabytes = (count: number) => Math.round((count * bsize) / 1e6);
    return ` (${megabytes(blocks)} MB in all, ${megabytes(bavail)} MB free)`;
  } catch {
    return "";
  }
}
