import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { busyboxImage, layerOf, run, workspaceContract } from "../workspace/contract.ts";
import { createSandboxWorkspace } from "./index.ts";

const isRoot = process.getuid?.() === 0;
const scratch: string[] = [];

function newRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "layerbook-rootless-"));
  scratch.push(root);
  return root;
}

/** What of this needs a user who is not root; `rootless.root.test.ts` runs it as one. */
describe.skipIf(isRoot || (await createSandboxWorkspace({ root: "" }).problem()))(
  "the sandbox without root",
  () => {
    workspaceContract(async () => createSandboxWorkspace({ root: newRoot() }));

    afterAll(() => {
      for (const root of scratch) {
        // Only in the namespace can the files of other users be removed.
        execFileSync("unshare", ["--map-auto", "--map-root-user", "rm", "-rf", root]);
      }
    });

    it("keeps files that only their owner may read", async () => {
      const workspace = createSandboxWorkspace({ root: newRoot() });
      const base = (await workspace.importImage(await busyboxImage())).map((layer) => layer.id);
      const session = await workspace.open(base, { env: [], network: "none" });
      await run(session, "mkdir -m 700 /srv/d; echo s >/srv/d/f; chown -R 999:998 /srv/d");
      const layer = layerOf(await session.snapshot());
      await run(session, "echo t >>/srv/d/f; chmod 600 /srv/d/f");
      layerOf(await session.snapshot());
      const again = await workspace.open(session.stack, { env: [], network: "host" });
      expect(await run(again, "cat /srv/d/f; stat -c '%a %u:%g' /srv/d /srv/d/f")).toBe(
        "s\nt\n700 999:998\n600 999:998\n",
      );
      expect((await workspace.exportLayer([layer.id], 0)).diffId).toMatch(/^sha256:/);
      expect(await workspace.has(layer.id)).toBe(true);
      await workspace.close();
    });
  },
);
