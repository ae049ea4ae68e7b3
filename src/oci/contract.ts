/** The tests that every Transport passes. Call it inside a `describe` of the implementation's test. */
import { beforeAll, expect, it } from "vitest";
import { sha256 } from "./digest.ts";
import { ImageNotFoundError } from "./errors.ts";
import type { Image, Transport, Written } from "./image.ts";
import { CAPABILITY, drain, listLayer, testImage } from "./testing.ts";

export interface TransportPlace {
  readonly transport: Transport;
  /** A reference under which nothing is. */
  fresh(): string;
  /** A second name for `additionalTags`, and the reference under which the image is then found. */
  readonly second?: { readonly tag: string; readonly reference: (first: string) => string };
  /** The place knows images by another id than the digest of the configuration. */
  readonly rewritesConfig?: boolean;
}

/** @param open gives the place; called once, before the tests */
export function transportContract(open: () => Promise<TransportPlace>): void {
  let place: TransportPlace;
  let transport: Transport;
  let image: Image;
  let reference: string;
  let written: Written;

  const write = (what: Image, where: string, tags: readonly string[] = []) => {
    if (!transport.write) throw new Error("this place takes no images");
    return transport.write(what, where, { additionalTags: tags });
  };

  beforeAll(async () => {
    place = await open();
    transport = place.transport;
    image = await testImage(`contract ${transport.scheme}`);
    reference = place.fresh();
    written = await write(image, reference, place.second ? [place.second.tag] : []);
  });

  it("says what writing came to", () => {
    expect(written.id).toBe(image.id);
    expect(written.layersSent).toBe(3);
    expect(written.bytesSent).toBeGreaterThan(0);
    expect(written.reference).toContain(reference);
  });
  it("gives an image back as it was: configuration and layers, byte by byte", async () => {
    const back = await transport.read(reference);
    expect(back.id).toBe(image.id);
    expect(Buffer.from(back.configBytes).equals(Buffer.from(image.configBytes))).toBe(true);
    expect(sha256(back.configBytes)).toBe(back.id);
    expect(back.config).toEqual(image.config);
    expect(back.layers.map((layer) => layer.diffId)).toEqual(image.config.rootfs.diff_ids);
    for (const [i, layer] of back.layers.entries()) {
      const original = await drain(await (image.layers[i] ?? layer).open());
      expect((await drain(await layer.open())).equals(original)).toBe(true);
      // A second time, too.
      expect(sha256(await drain(await layer.open()))).toBe(layer.diffId);
    }
  });
  it("keeps binary extended attributes and whiteouts", async () => {
    const back = await transport.read(reference);
    const [first, second] = await Promise.all(back.layers.slice(0, 2).map(listLayer));
    expect(first?.get("bin/tool")?.equals(CAPABILITY)).toBe(true);
    expect(second?.has("etc/.wh.old")).toBe(true);
  });
  it("gives compressed layers that are what their digest says", async () => {
    const back = await transport.read(reference);
    for (const { blob } of back.layers) {
      if (!blob) continue;
      const bytes = await drain(await blob.open());
      expect(bytes.length).toBe(blob.size);
      expect(sha256(bytes)).toBe(blob.digest);
    }
  });
  it("identifies the same image the same way, and another one in another", async () => {
    const before = await transport.identify(reference);
    expect(before).toBeDefined();
    expect(await transport.identify(reference)).toBe(before);
    await write(image, reference);
    expect(await transport.identify(reference)).toBe(before);
    const elsewhere = place.fresh();
    const other = await testImage(`another ${transport.scheme}`);
    await write(other, elsewhere);
    expect(await transport.identify(elsewhere)).not.toBe(before);
    await write(image, elsewhere);
    expect((await transport.read(elsewhere)).id).toBe(image.id);
  });
  it("finds the image under each of its names", async () => {
    if (!place.second) return;
    const where = place.fresh();
    await write(image, where, [place.second.tag]);
    const found = await transport.read(place.second.reference(where));
    expect(found.id).toBe(image.id);
  });
  it("says what is not there, and where it was looked for", async () => {
    const nowhere = place.fresh();
    const failure = await transport.read(nowhere).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageNotFoundError);
    expect((failure as ImageNotFoundError).message).toContain(nowhere);
    expect((failure as ImageNotFoundError).hint).toBeTruthy();
    expect((failure as ImageNotFoundError).exitCode).toBe(1);
    await expect(transport.identify(nowhere)).rejects.toThrow(ImageNotFoundError);
  });
  it("stops when it is told to, and leaves nothing half-made", async () => {
    const where = place.fresh();
    const stopped = AbortSignal.abort(new Error("stopped by the test"));
    const other = await testImage(`stopped ${transport.scheme}`);
    const layers = other.layers.map((layer) => ({ ...layer }));
    if (!transport.write) return;
    await expect(
      transport.write({ ...other, layers }, where, { signal: stopped }),
    ).rejects.toThrow();
    await expect(transport.read(where)).rejects.toThrow(ImageNotFoundError);
  });
  it("takes an image whose layer cannot be read for a failure", async () => {
    const where = place.fresh();
    const other = await testImage(`broken ${transport.scheme}`);
    const layers = other.layers.map((layer, i) =>
      i === 0 ? { ...layer, open: () => Promise.reject(new Error("the layer is gone")) } : layer,
    );
    await expect(write({ ...other, layers }, where)).rejects.toThrow("the layer is gone");
    await expect(transport.read(where)).rejects.toThrow(ImageNotFoundError);
  });
}
