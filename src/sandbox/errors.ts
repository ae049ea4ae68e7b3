/** What can go wrong in the sandbox, in words for the user. */
import { WorkspaceError } from "../workspace/errors.ts";

/** The sandbox could not do what it was asked for. */
export class SandboxError extends WorkspaceError {}
