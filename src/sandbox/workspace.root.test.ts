import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { workspaceContract } from "../workspace/contract.ts";
import { createSandboxWorkspace } from "./index.ts";

const scratch: string[] = [];

function newRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "layerbook-sandbox-"));
  scratch.push(root);
  return root;
}

afterAll(() => {
  for (const root of scratch) rmSync(root, { recursive: true, force: true });
});

describe("the sandbox with crun", () => {
  workspaceContract(async () => createSandboxWorkspace({ root: newRoot(), runtime: "crun" }));
});

describe("the sandbox with runc", () => {
  workspaceContract(async () => createSandboxWorkspace({ root: newRoot(), runtime: "runc" }));
});

describe("the sandbox with file tools in the helper", () => {
  workspaceContract(async () => createSandboxWorkspace({ root: newRoot(), files: "shell" }));
});
