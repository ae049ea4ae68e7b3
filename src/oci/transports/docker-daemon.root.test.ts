import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DockerClient } from "../../docker/index.ts";
import { transportContract } from "../contract.ts";
import { imageWith, layerOf, testImage } from "../testing.ts";
import { DockerArchiveTransport } from "./docker-archive.ts";
import { DockerDaemonTransport } from "./docker-daemon.ts";

const PREFIX = `oci-daemon-${process.pid}`;
const client = new DockerClient();
const daemon = new DockerDaemonTransport(client);
let serial = 0;
const fresh = () => `${PREFIX}/image:${serial++}`;

afterAll(async () => {
  const images = await client.images.list();
  const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []);
  for (const tag of tags) {
    if (tag.startsWith(PREFIX)) await client.images.remove(tag, { force: true });
  }
  // What lost its name to another image.
  await client.images.prune({ dangling: ["true"], label: ["mark"] });
  client.close();
});

describe("docker-daemon:", () => {
  transportContract(async () => ({
    transport: daemon,
    fresh,
    second: { tag: `${PREFIX}/second`, reference: () => `${PREFIX}/second:latest` },
  }));

  it("sends only the layers that the daemon lacks, and reads no others", async () => {
    const counts = { opened: 0 };
    const image = await testImage("base", counts);
    await daemon.write(image, fresh());
    const added = await layerOf([{ path: "added", data: "more" }], counts);
    counts.opened = 0;
    const name = fresh();
    const written = await daemon.write(imageWith([...image.layers, added], { User: "7" }), name);
    expect(written.layersSent).toBe(1);
    expect(counts.opened).toBe(1);
    const { Config, RootFS } = await client.images.inspect(name);
    expect(Config?.User).toBe("7");
    expect(RootFS.Layers?.length).toBe(4);
    // The whole of it is there.
    const back = await daemon.read(name);
    expect(back.layers.map(({ diffId }) => diffId)).toEqual(
      [...image.layers, added].map(({ diffId }) => diffId),
    );
  });
  it("only tags an image that is there already", async () => {
    const counts = { opened: 0 };
    const image = await testImage("again", counts);
    await daemon.write(image, fresh());
    counts.opened = 0;
    const begun = performance.now();
    expect((await daemon.write(image, fresh())).bytesSent).toBe(0);
    expect(await daemon.identify(image.id)).toBe(image.id);
    expect(await daemon.identify(image.id.slice(7, 19))).toBe(image.id);
    expect(performance.now() - begun).toBeLessThan(200);
    expect(counts.opened).toBe(0);
  });
  it("takes layers while the image is being made, and leaves no trace of it", async () => {
    const staging = new DockerDaemonTransport(client);
    const layers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => layerOf([{ path: `f${i}`, data: `${Math.random()}` }])),
    );
    /** Images that have the first layer: others may come and go on the daemon meanwhile. */
    const ids = async () => {
      const all = await client.images.list({ all: true });
      const found = await Promise.all(
        all.map(({ Id }) => client.images.inspect(Id).catch(() => undefined)),
      );
      const ours = found.filter((i) => i?.RootFS.Layers?.[0] === layers[0]?.diffId);
      return ours.map((i) => i?.Id);
    };
    for (let n = 1; n <= layers.length; n++) {
      staging.stage(layers.slice(0, n));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    const name = fresh();
    const written = await staging.write(imageWith(layers), name);
    // Early or late, each is sent once.
    expect(written.layersSent).toBe(12);
    expect(await ids()).toEqual([written.id]);
    const back = await daemon.read(name);
    expect(back.layers.length).toBe(12);
    staging.stage([...layers, await layerOf([{ path: "more", data: `${Math.random()}` }])]);
    await staging.unstage();
    expect(await ids()).toEqual([written.id]);
  });
  it("shows the task of each layer in the history", async () => {
    const name = fresh();
    await daemon.write(await testImage("history"), name);
    const history = await client.images.history(name);
    expect(history.map(({ CreatedBy }) => CreatedBy)).toEqual(["task 3", "task 2", "task 1"]);
  });
  it("names the daemon when it is not there", async () => {
    const away = new DockerClient({ DOCKER_HOST: "unix:///nonexistent/docker.sock" });
    await expect(new DockerDaemonTransport(away).identify("debian")).rejects.toMatchObject({
      message:
        "cannot reach the Docker daemon at unix:///nonexistent/docker.sock (from DOCKER_HOST): there is no such socket",
      exitCode: 1,
    });
  });
});

describe("docker-archive:", () => {
  const dir = mkdtempSync(join(tmpdir(), "layerbook-saved-"));
  afterAll(() => rmSync(dir, { recursive: true }));

  it("is what `docker load` takes and `docker save` gives", async () => {
    const image = await testImage("archive");
    const archive = new DockerArchiveTransport();
    const [ours, theirs] = [join(dir, "ours.tar"), join(dir, "theirs.tar")];
    const name = fresh();
    await archive.write(image, `${ours}:${name}`);
    execFileSync("docker", ["load", "-qi", ours]);
    expect(await daemon.identify(name)).toBe(image.id);
    execFileSync("docker", ["save", "-o", theirs, name]);
    const back = await archive.read(`${theirs}:${name}`);
    expect(back.id).toBe(image.id);
    expect(await archive.identify(theirs)).toBe(image.id);
  });
});
