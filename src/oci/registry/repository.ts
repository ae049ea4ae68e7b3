/** One repository of a registry: manifests and blobs, down and up. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { type BlobReader, collect } from "../blobs.ts";
import { isDigest, sha256 } from "../digest.ts";
import { type Descriptor, MAX_DOCUMENT, MEDIA } from "../documents.ts";
import { ImageError } from "../errors.ts";
import type { Digest, LayerBlob } from "../image.ts";
import { type RegistryClient, RegistryError } from "./client.ts";

/** Bytes of a chunk, once an upload in one piece has failed; a registry may ask for larger ones. */
const CHUNK = 16 * 1024 * 1024;

/** Broken connections of one blob that are put up with. */
const RESUMES = 8;

const ACCEPT = [MEDIA.ociIndex, MEDIA.ociManifest, MEDIA.dockerIndex, MEDIA.dockerManifest].join(
  ", ",
);

export class Repository implements BlobReader {
  readonly #client: RegistryClient;
  /** `library/debian`. */
  readonly name: string;
  readonly #signal: AbortSignal | undefined;

  constructor(client: RegistryClient, name: string, signal: AbortSignal | undefined) {
    this.#client = client;
    this.name = name;
    this.#signal = signal;
  }

  /** What a tag or digest means now. @throws RegistryError with status 404 */
  async manifest(reference: string): Promise<{ descriptor: Descriptor; bytes: Buffer }> {
    const response = await this.#client.request({
      method: "GET",
      to: `${this.name}/manifests/${reference}`,
      scopes: this.#scopes("pull"),
      headers: { Accept: ACCEPT },
      expect: [200],
      signal: this.#signal,
    });
    const what = `the manifest of ${this.name}`;
    const bytes = await collect(response, MAX_DOCUMENT, what);
    const digest = sha256(bytes);
    if (isDigest(reference) && digest !== reference) {
      throw new ImageError(`${what} is damaged: its digest is ${digest}, not ${reference}`);
    }
    const mediaType = String(response.headers["content-type"] ?? "").split(";")[0] ?? "";
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  async openManifest({ digest }: Descriptor): Promise<Readable> {
    return Readable.from([(await this.manifest(digest)).bytes], { objectMode: false });
  }

  /** A blob; where the connection breaks it goes on from there. The caller checks the digest. */
  async open({ digest, size }: Descriptor): Promise<Readable> {
    const first = await this.#get(digest, 0);
    return Readable.from(this.#resuming(first, digest, size), { objectMode: false });
  }

  async has(digest: Digest): Promise<boolean> {
    const response = await this.#client.request({
      method: "HEAD",
      to: `${this.name}/blobs/${digest}`,
      scopes: this.#scopes("pull,push"),
      expect: [200, 404],
      signal: this.#signal,
    });
    response.resume();
    return response.statusCode === 200;
  }

  /**
   * Makes sure that the registry has the blob. Answers the bytes that were sent.
   * @param from a repository of the same registry that has it: it is mounted from there
   */
  async push(blob: LayerBlob, from?: string): Promise<number> {
    if (await this.has(blob.digest)) return 0;
    const started = await this.#start(blob.digest, from);
    if (started === "mounted") return 0;
    await this.#upload(blob, started);
    return blob.size;
  }

  async pushManifest(reference: string, bytes: Uint8Array, mediaType: string): Promise<void> {
    const response = await this.#client.request({
      method: "PUT",
      to: `${this.name}/manifests/${reference}`,
      scopes: this.#scopes("pull,push"),
      headers: { "Content-Type": mediaType },
      body: bytes,
      expect: [201, 202, 200],
      signal: this.#signal,
    });
    response.resume();
  }

  async #start(digest: Digest | undefined, from: string | undefined): Promise<Upload | "mounted"> {
    const mount = digest && from && from !== this.name ? { mount: digest, from } : undefined;
    const query = mount ? `?${new URLSearchParams(mount)}` : "";
    let response: IncomingMessage;
    try {
      response = await this.#client.request({
        method: "POST",
        to: `${this.name}/blobs/uploads/${query}`,
        // To mount, the registry must see that the blob may be read where it is.
        scopes: [...this.#scopes("pull,push"), ...(mount ? [`repository:${from}:pull`] : [])],
        body: new Uint8Array(),
        expect: [201, 202],
        signal: this.#signal,
      });
    } catch (error) {
      // Some refuse a mount rather than begin an upload instead.
      if (mount && error instanceof RegistryError) return this.#start(digest, undefined);
      throw error;
    }
    response.resume();
    if (response.statusCode === 201) return "mounted";
    const minimum = Number(response.headers["oci-chunk-min-length"] ?? 0);
    return { location: locationOf(response, this.#client.base), chunk: Math.max(CHUNK, minimum) };
  }

  /** In one piece; if that breaks, in chunks from where the registry says it is. */
  async #upload(blob: LayerBlob, upload: Upload): Promise<void> {
    let { location } = upload;
    try {
      const response = await this.#client.request({
        method: "PUT",
        to: withDigest(location, blob.digest),
        scopes: this.#scopes("pull,push"),
        headers: { "Content-Type": "application/octet-stream", "Content-Length": blob.size },
        body: () => blob.open(),
        expect: [201, 204],
        attempts: 1,
        signal: this.#signal,
      });
      response.resume();
      return;
    } catch (error) {
      if (!canGoOn(error)) throw error;
    }
    for (let broken = 1; ; broken++) {
      try {
        const status = await this.#status(location);
        let offset = status?.offset ?? 0;
        if (status) location = status.location;
        else {
          const again = await this.#start(undefined, undefined);
          if (again === "mounted") return;
          location = again.location;
          offset = 0;
        }
        await this.#chunks(blob, { ...upload, location }, offset);
        return;
      } catch (error) {
        if (broken >= RESUMES || !canGoOn(error)) throw error;
      }
    }
  }

  async #chunks(blob: LayerBlob, upload: Upload, offset: number): Promise<void> {
    let { location } = upload;
    let at = 0;
    let held: Buffer[] = [];
    let heldBytes = 0;
    const send = async () => {
      const body = Buffer.concat(held);
      held = [];
      heldBytes = 0;
      const start = at - body.length;
      const response = await this.#client.request({
        method: "PATCH",
        to: location,
        scopes: this.#scopes("pull,push"),
        headers: {
          "Content-Type": "application/octet-stream",
          "Content-Range": `${start}-${at - 1}`,
        },
        body,
        expect: [202, 204],
        attempts: 1,
        signal: this.#signal,
      });
      response.resume();
      location = locationOf(response, location);
    };
    for await (const data of await blob.open()) {
      let chunk = data as Buffer;
      if (at < offset) {
        const skipped = Math.min(offset - at, chunk.length);
        at += skipped;
        chunk = chunk.subarray(skipped);
      }
      if (chunk.length === 0) continue;
      held.push(chunk);
      heldBytes += chunk.length;
      at += chunk.length;
      if (heldBytes >= upload.chunk) await send();
    }
    if (heldBytes > 0) await send();
    const response = await this.#client.request({
      method: "PUT",
      to: withDigest(location, blob.digest),
      scopes: this.#scopes("pull,push"),
      body: new Uint8Array(),
      expect: [201, 204],
      signal: this.#signal,
    });
    response.resume();
  }

  /** How far an upload has come; `undefined` when the registry has forgotten it. */
  async #status(location: URL): Promise<{ offset: number; location: URL } | undefined> {
    const response = await this.#client.request({
      method: "GET",
      to: location,
      scopes: this.#scopes("pull,push"),
      expect: [204, 404],
      signal: this.#signal,
    });
    response.resume();
    if (response.statusCode === 404) return undefined;
    const end = /^(?:bytes=)?\d+-(\d+)$/.exec(String(response.headers.range ?? ""))?.[1];
    // `0-0` is what registries say of an upload that has nothing yet.
    const offset = end === undefined || end === "0" ? 0 : Number(end) + 1;
    return { offset, location: locationOf(response, location) };
  }

  #get(digest: Digest, start: number): Promise<IncomingMessage> {
    return this.#client.request({
      method: "GET",
      to: `${this.name}/blobs/${digest}`,
      scopes: this.#scopes("pull"),
      ...(start > 0 ? { headers: { Range: `bytes=${start}-` } } : {}),
      expect: start > 0 ? [200, 206] : [200],
      signal: this.#signal,
    });
  }

  async *#resuming(first: IncomingMessage, digest: Digest, size: number): AsyncGenerator<Buffer> {
    let response = first;
    let done = 0;
    for (let broken = 0; ; broken++) {
      // A server that knows no ranges begins anew.
      let skip = response.statusCode === 206 ? 0 : done;
      try {
        for await (const data of response) {
          const chunk = (data as Buffer).subarray(skip);
          skip -= (data as Buffer).length - chunk.length;
          if (chunk.length === 0) continue;
          done += chunk.length;
          yield chunk;
        }
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (broken >= RESUMES) throw error;
      }
      if (done >= size || broken >= RESUMES) return;
      response = await this.#get(digest, done);
    }
  }

  #scopes(actions: string): string[] {
    return [`repository:${this.name}:${actions}`];
  }
}

interface Upload {
  readonly location: URL;
  readonly chunk: number;
}

/** Where an upload goes on: it may be elsewhere after each request. */
function locationOf(response: IncomingMessage, base: URL): URL {
  const { location } = response.headers;
  return location ? new URL(location, base) : base;
}

function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.searchParams.set("digest", digest);
  return url;
}

/** A connection that broke, or a registry that wants smaller pieces. */
function canGoOn(error: unknown): boolean {
  if (error instanceof RegistryError) {
    return error.status === 413 || error.status === 416 || error.status >= 500;
  }
  return error instanceof Error && error.name === "EnvironmentError";
}
