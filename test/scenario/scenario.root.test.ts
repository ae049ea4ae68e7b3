/**
 * The story of the guide from its first line to its last, with a real sshd, a real daemon and real
 * registries: the commands are those of docs/guide.md.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BIN, must, ROOT, run, scratch } from "../support.ts";
import { readGuide } from "./guide.ts";
import { type Server, startRegistry, startSshd } from "./servers.ts";

const steps = readGuide(join(ROOT, "docs/guide.md"));
const folder = scratch();
const servers: Server[] = [];
let adapt: (text: string) => string = (text) => text;
const env = {
  PATH: `${folder.path}/bin:${process.env.PATH}`,
  DOCKER_CONFIG: `${folder.path}/docker`,
  LAYERBOOK_STORE: `${folder.path}/store`,
};

beforeAll(async () => {
  const sshd = await startSshd(folder.path);
  const open = await startRegistry(folder.path);
  const closed = await startRegistry(folder.path, "secret");
  servers.push(sshd, open, closed);
  adapt = (text) =>
    text
      .replaceAll("2222", String(sshd.port))
      .replaceAll("localhost:5000", `localhost:${open.port}`)
      .replaceAll("localhost:5001", `localhost:${closed.port}`);
  mkdirSync(join(folder.path, "bin"));
  const program = join(folder.path, "bin/layerbook");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  chmodSync(program, 0o755);
  await run("docker", ["rm", "-f", "builder"]);
});

afterAll(async () => {
  await run("docker", ["rm", "-f", "builder"]);
  const names = must("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}"]).split("\n");
  const ours = names.filter((name) =>
    servers.some(({ port }) => name.startsWith(`localhost:${port}/`)),
  );
  if (ours.length > 0) must("docker", ["rmi", "-f", ...ours]);
  for (const server of servers) await server.stop();
  folder.remove();
});

describe("docs/guide.md", () => {
  it("has files and commands", () => {
    expect(steps.filter(({ kind }) => kind === "command").length).toBeGreaterThan(12);
  });
  for (const step of steps) {
    if (step.kind === "file") {
      it(`file ${step.path}`, () => {
        const path = join(folder.path, step.path);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, adapt(step.content));
      });
      continue;
    }
    it(`$ ${step.command.slice(0, 90)}`, async () => {
      const ran = await run("sh", ["-c", adapt(step.command)], { cwd: folder.path, env });
      const said = ran.stdout + ran.stderr;
      for (const line of step.printed) expect(said).toContain(adapt(line));
    });
  }
});
