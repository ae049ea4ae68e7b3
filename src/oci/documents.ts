/**
 * The documents of an image: configuration, manifest, index. Both families of media types are read:
 * OCI image specification 1.1, and Docker image manifest version 2, schema 2.
 */
import { arch } from "node:process";
import type { z } from "zod";
import { messageOf } from "../errors/index.ts";
import { sha256 } from "./digest.ts";
import { ImageError } from "./errors.ts";
import type { Digest, ImageConfig } from "./image.ts";

export const MEDIA = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/** No document of an image comes near it. */
export const MAX_DOCUMENT = 8 * 1024 * 1024;

type Schemas = typeof import("./document-schemas.ts");
export type Descriptor = z.infer<Schemas["descriptor"]>;
export type Manifest = z.infer<Schemas["manifest"]>;
export type Index = z.infer<Schemas["index"]>;

/** The validator is loaded with the first document that is read: most builds read none. */
const schemas = (): Promise<Schemas> => import("./document-schemas.ts");

/** @param what for messages: `the manifest of oci:web` */
export async function parseManifest(bytes: Uint8Array, what: string): Promise<Manifest> {
  return parse((await schemas()).manifest, bytes, what);
}

export async function parseIndex(bytes: Uint8Array, what: string): Promise<Index> {
  return parse((await schemas()).index, bytes, what);
}

/** A configuration; fields that tools write as `null` are left out. */
export async function parseConfig(bytes: Uint8Array, what: string): Promise<ImageConfig> {
  const found = withoutNulls(
    parse((await schemas()).config, bytes, what),
  ) as unknown as ImageConfig;
  return found.rootfs.diff_ids ? found : { ...found, rootfs: { type: "layers", diff_ids: [] } };
}

/** Is the document of this media type, or by its shape, an index? */
export function isIndex(mediaType: string | undefined, bytes: Uint8Array): boolean {
  if (mediaType === MEDIA.ociIndex || mediaType === MEDIA.dockerIndex) return true;
  if (mediaType === MEDIA.ociManifest || mediaType === MEDIA.dockerManifest) return false;
  try {
    return Array.isArray((JSON.parse(Buffer.from(bytes).toString()) as Index).manifests);
  } catch {
    return false;
  }
}

/** JSON as it is written everywhere: no blanks, keys in the order they were given. */
export function encodeDocument(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document));
}

/** The OCI manifest of an image whose layers have become these blobs. */
export function ociManifest(
  configBytes: Uint8Array,
  layers: readonly { digest: Digest; size: number; mediaType: string }[],
): Buffer {
  return encodeDocument({
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: {
      mediaType: MEDIA.ociConfig,
      digest: sha256(configBytes),
      size: configBytes.length,
    },
    layers: layers.map(({ digest, size, mediaType }) => ({
      mediaType: mediaType === MEDIA.dockerLayer ? MEDIA.ociLayerGzip : mediaType,
      digest,
      size,
    })),
  });
}

/** A platform as Go and the specifications name it. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  arm: "arm",
  arm64: "arm64",
  ppc64: "ppc64le",
  s390x: "s390x",
  riscv64: "riscv64",
  loong64: "loong64",
};

/** @param text `linux/arm64/v8`; the machine's own, with Linux, when absent */
export function parsePlatform(text: string | undefined): Platform {
  if (text === undefined) return { os: "linux", architecture: ARCHITECTURES[arch] ?? arch };
  const [os, architecture, variant, ...rest] = text.split("/");
  if (!os || !architecture || rest.length > 0) {
    throw new ImageError(`'${text}' is no platform`, {
      hint: "Write it as linux/amd64 or linux/arm64/v8.",
      exitCode: 5,
    });
  }
  return { os, architecture, variant };
}

/**
 * The manifest of an index that is for the platform.
 * @throws ImageError that lists what there is
 */
export function selectPlatform(index: Index, wanted: Platform, what: string): Descriptor {
  const images = index.manifests.filter((m) => m.platform?.os !== "unknown");
  const [only] = images;
  if (only && images.length === 1 && !only.platform) return only;
  const matching = images.filter(
    ({ platform }) =>
      platform?.os === wanted.os &&
      platform.architecture === wanted.architecture &&
      (wanted.variant === undefined || (platform.variant ?? "") === wanted.variant),
  );
  // Several variants fit a platform named without one: the usual one of arm64 first.
  const chosen = matching.find((m) => m.platform?.variant === "v8") ?? matching[0];
  if (chosen) return chosen;
  const there = images.map(({ platform }) =>
    platform
      ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/")
      : "unnamed",
  );
  const { os, architecture, variant } = wanted;
  throw new ImageError(
    `${what} has no image for ${[os, architecture, variant].filter(Boolean).join("/")}`,
    { hint: `There is: ${there.join(", ") || "nothing"}. Choose one with --platform.` },
  );
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let data: unknown;
  try {
    data = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new ImageError(`${what} is no JSON: ${messageOf(error)}`);
  }
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ImageError(`${what} is not valid: ${issue?.path.join(".")}: ${issue?.message}`);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}
