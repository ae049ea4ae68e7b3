/** Small images for tests, made of real tars. */
import { PassThrough, Readable } from "node:stream";
import { sha256 } from "./digest.ts";
import { encodeDocument } from "./documents.ts";
import type { Image, ImageConfig, LayerSource, RunConfig } from "./image.ts";
import { plainHeader, readTar, type TarHeader, TarWriter } from "./tar/index.ts";

export interface TestFile extends Partial<Omit<TarHeader, "path" | "size">> {
  readonly path: string;
  readonly data?: string | Buffer;
}

/** The value of a capability as the kernel stores it: bytes that are no text. */
export const CAPABILITY: Buffer = Buffer.from("0100000200200000000000000000000000000000", "hex");

export async function layerOf(
  files: readonly TestFile[],
  counts?: { opened: number },
): Promise<LayerSource> {
  const out = new PassThrough();
  const whole = drain(out);
  const writer = new TarWriter(out);
  for (const { path, data, type = "file", ...more } of files) {
    const bytes = Buffer.from(data ?? "");
    await writer.add(plainHeader(type, path, { ...more, size: bytes.length }), bytes);
  }
  await writer.finish();
  out.end();
  const bytes = await whole;
  return {
    diffId: sha256(bytes),
    open: async () => {
      if (counts) counts.opened++;
      return Readable.from([bytes]);
    },
  };
}

export function imageWith(layers: readonly LayerSource[], run: RunConfig = {}): Image {
  const config: ImageConfig = {
    created: "1980-01-01T00:00:00Z",
    author: "A <a@example.org>",
    architecture: "amd64",
    os: "linux",
    config: run,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, i) => ({
      created: "1980-01-01T00:00:00Z",
      created_by: `task ${i + 1}`,
    })),
  };
  const configBytes = encodeDocument(config);
  return { config, configBytes, id: sha256(configBytes), layers };
}

/** Three layers: files with an attribute, a hard link and a device; a whiteout; one that is long. */
export async function testImage(mark: string, counts?: { opened: number }): Promise<Image> {
  const capability = new Map([["security.capability", CAPABILITY]]);
  const layers = [
    await layerOf(
      [
        { path: "bin", type: "directory" },
        { path: "bin/tool", data: "#!/bin/sh\n", mode: 0o4755, xattrs: capability },
        { path: "bin/same", type: "hardlink", linkPath: Buffer.from("bin/tool") },
        { path: "etc", type: "directory" },
        { path: "etc/old", data: "old" },
        {
          path: "mark",
          data: mark,
          uid: 1000,
          gid: 1001,
          mtime: { seconds: 86_400, nanoseconds: 0 },
        },
      ],
      counts,
    ),
    await layerOf([{ path: "etc", type: "directory" }, { path: "etc/.wh.old" }], counts),
    await layerOf([{ path: `${"deep/".repeat(30)}file`, data: Buffer.alloc(100_000, 7) }], counts),
  ];
  return imageWith(layers, {
    Cmd: ["/bin/tool", "--serve"],
    Env: ["PATH=/bin", "GREETING=héllo"],
    Labels: { mark },
    ExposedPorts: { "80/tcp": {} },
    WorkingDir: "/etc",
    User: "1000",
  });
}

export async function drain(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Paths of a layer, with the capability of those that have one. */
export async function listLayer(layer: LayerSource): Promise<Map<string, Buffer | undefined>> {
  const found = new Map<string, Buffer | undefined>();
  for await (const entry of readTar(await layer.open())) {
    found.set(entry.path.toString(), entry.xattrs?.get("security.capability"));
  }
  return found;
}
