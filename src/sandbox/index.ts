/** The sandbox: a Workspace without a daemon. See docs/sandbox.md. */
export { LayerError } from "../workspace/errors.ts";
export { SandboxError } from "./errors.ts";
export { createSandboxWorkspace, type SandboxOptions } from "./workspace.ts";
