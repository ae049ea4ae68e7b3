import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainHeader, type TarHeader, TarWriter } from "../oci/tar/index.ts";
import { busyboxImage, collect, imageOf, layerOf, run } from "../workspace/contract.ts";
import type { SessionOptions, Workspace } from "../workspace/workspace.ts";
import { createSandboxWorkspace } from "./index.ts";

const OPTIONS: SessionOptions = { env: [], network: "host" };

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "layerbook-trouble-"));
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** What of the sandbox is left on this machine: mounts, processes. */
function remains(root: string): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1").split("\n");
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return [
    ...mounts.filter((line) => line.includes(root)),
    ...processes.filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        return words.includes(`${root}/`) || words.includes("sleep\x00731");
      } catch {
        return false;
      }
    }),
  ];
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((next) => setTimeout(next, 25));
  return condition();
}

describe("a process killed with SIGKILL in the middle of a task", () => {
  it("leaves no mount, no process, and a whole store that the next one goes on with", async () => {
    const root = join(scratch, "killed");
    const contract = fileURLToPath(new URL("../workspace/contract.ts", import.meta.url));
    const sandbox = fileURLToPath(new URL("./index.ts", import.meta.url));
    const program = join(scratch, "victim.mjs");
    await build({
      stdin: {
        contents: `
          import { createSandboxWorkspace } from ${JSON.stringify(sandbox)};
          const workspace = createSandboxWorkspace({ root: ${JSON.stringify(root)} });
          const [base] = await workspace.listLayers();
          const session = await workspace.open([base.id], { env: [], network: "host" });
          await session.connection.run("echo kept >/srv/kept-file");
          const snapshot = await session.snapshot();
          console.log(snapshot.layer.id);
          await session.connection.run("echo lost >/srv/lost; sleep 731 & echo begun; sleep 731", {
            onOutput: (_, chunk) => void process.stdout.write(chunk),
          });`,
        resolveDir: fileURLToPath(new URL(".", import.meta.url)),
        loader: "ts",
      },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: program,
      external: [contract],
    });
    const before = createSandboxWorkspace({ root });
    const base = (await before.importImage(await busyboxImage())).map((layer) => layer.id);
    await before.close();
    const victim = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    victim.stdout.on("data", (chunk) => {
      said += chunk;
    });
    expect(await until(() => said.includes("begun"))).toBe(true);
    expect(remains(root).length).toBeGreaterThan(0);
    victim.kill("SIGKILL");
    await once(victim, "exit");
    expect(await until(() => remains(root).length === 0)).toBe(true);
    const id = said.split("\n")[0] ?? "";
    const next = createSandboxWorkspace({ root });
    const session = await next.open([...base, id], OPTIONS);
    expect(await run(session, "cat /srv/kept-file; ls /srv")).toBe("kept\nkept\nkept-file\n");
    // What the dead process was making is swept away.
    expect(await until(() => readdirSync(join(root, "tmp")).length === 1)).toBe(true);
    await next.close();
    expect(readdirSync(join(root, "tmp"))).toEqual([]);
    expect(remains(root)).toEqual([]);
  });
});

describe("a full disk", () => {
  it("gives one clear message, and the store stays whole", async () => {
    const root = join(scratch, "small");
    execFileSync("mkdir", ["-p", root]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "none", root]);
    try {
      const workspace = createSandboxWorkspace({ root });
      const base = (await workspace.importImage(await busyboxImage())).map((layer) => layer.id);
      const session = await workspace.open(base, OPTIONS);
      await run(session, "echo first >/srv/first");
      const first = layerOf(await session.snapshot());
      // It fits once, but not twice.
      await run(session, "dd if=/dev/zero of=/srv/big bs=1M count=5 2>/dev/null");
      const failed = await session.snapshot().then(
        () => undefined,
        (error: Error & { hint?: string }) => error,
      );
      expect(failed?.message).toMatch(/^cannot keep what the task changed: .*(ENOSPC|No space)/);
      expect(failed?.hint).toContain(`The disk of ${root} is full`);
      await session.close();
      const again = await workspace.open([...base, first.id], OPTIONS);
      expect(await run(again, "cat /srv/first; ls /srv")).toBe("first\nfirst\nkept\n");
      expect((await workspace.listLayers()).length).toBe(2);
      await workspace.close();
    } finally {
      execFileSync("umount", ["-l", root]);
    }
  });
});

describe("a hostile layer", () => {
  let workspace: Workspace;
  let target: string;
  beforeAll(async () => {
    workspace = createSandboxWorkspace({ root: join(scratch, "hostile") });
    target = join(scratch, "target");
    writeFileSync(target, "untouched");
  });
  afterAll(() => workspace.close());

  async function tarOf(members: readonly (TarHeader | [TarHeader, string])[]): Promise<Buffer> {
    const output = new PassThrough();
    const collected = collect(output);
    const writer = new TarWriter(output);
    for (const member of members) {
      const [header, text = ""] = Array.isArray(member) ? member : [member];
      await writer.add({ ...header, size: text.length }, Buffer.from(text));
    }
    await writer.finish();
    output.end();
    return collected;
  }

  const link = (path: string, linkPath: string, type: "symlink" | "hardlink" = "symlink") =>
    plainHeader(type, path, { linkPath: Buffer.from(linkPath) });

  async function take(members: readonly (TarHeader | [TarHeader, string])[]): Promise<string> {
    const outcome = await workspace.importImage(imageOf([await tarOf(members)])).then(
      ([layer]) => join(scratch, "hostile", "layers", layer?.id ?? "", "fs"),
      (error: Error) => `refused: ${error.message}`,
    );
    expect(readFileSync(target, "utf8")).toBe("untouched");
    return outcome;
  }

  it("does not write outside of its directory by names", async () => {
    const evil = `../../../../../../..${target}`;
    expect(await take([[plainHeader("file", evil), "evil"]])).toMatch(/^refused: .*\.\./);
    const tree = await take([[plainHeader("file", target), "evil"]]);
    expect(readFileSync(join(tree, target), "utf8")).toBe("evil");
  });

  it("does not follow its own links out of the directory", async () => {
    const tree = await take([
      link("out", scratch),
      link("up", "../../../../../../../.."),
      [plainHeader("file", "out/target"), "evil"],
      [plainHeader("file", `up${target}`), "evil"],
    ]);
    expect(readFileSync(join(tree, target), "utf8")).toBe("evil");
  });

  it("does not link to files of the machine", async () => {
    expect(await take([link("x", target, "hardlink")])).toMatch(/^refused: .*hard link/);
    const through = [link("out", scratch), link("x", "out/target", "hardlink")];
    expect(await take(through)).toMatch(/^refused: .*hard link/);
  });

  it("does not write through a link in the place of a file", async () => {
    const tree = await take([link("f", target), [plainHeader("file", "f"), "evil"]]);
    expect(readFileSync(join(tree, "f"), "utf8")).toBe("evil");
  });

  it("cannot remove its own root or parents, nor set overlayfs' own attributes", async () => {
    expect(await take([plainHeader("file", ".wh..")])).toMatch(/^refused/);
    expect(await take([plainHeader("file", "a/.wh...")])).toMatch(/^refused/);
    const redirect = new Map([["trusted.overlay.redirect", Buffer.from("/etc")]]);
    const tree = await take([plainHeader("directory", "d", { xattrs: redirect })]);
    const found = execFileSync("getfattr", ["-d", "-m", "-", join(tree, "d")]);
    expect(found.toString()).not.toContain("redirect");
  });

  it("is refused when it is not what its digest says, or cut short", async () => {
    const image = imageOf([await tarOf([[plainHeader("file", "f"), "x".repeat(5000)]])]);
    const source = image.layers[0];
    if (!source) throw new Error("no layer");
    for (const spoil of [(tar: Buffer) => tar.subarray(0, 2048), flipped]) {
      const open = async () => Readable.from([spoil(await collect(await source.open()))]);
      const bad = { ...image, layers: [{ ...source, open }] };
      await expect(workspace.importImage(bad)).rejects.toThrow(/damaged|ends|truncated|short|cut/i);
      expect(existsSync(join(scratch, "hostile", "layers", source.diffId.slice(7)))).toBe(false);
    }
  });
});

function flipped(tar: Buffer): Buffer {
  const copy = Buffer.from(tar);
  copy.writeUInt8((copy[600] ?? 0) ^ 1, 600);
  return copy;
}
