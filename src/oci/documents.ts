/**
 * The documents of an image: configuration, manifest, index. Both families of media types are read:
 * OCI image specification 1.1, and Docker image manifest version 2, schema 2.
 */
import { arch } from "node:process";
import { z } from "zod";
import { messageOf } from "../errors/index.ts";
import { isDigest, sha256 } from "./digest.ts";
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

const digest = z.string().refine(isDigest, { message: "no sha256 digest" }) as z.ZodType<Digest>;

const platform = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
});

const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).nullish(),
  platform: platform.optional(),
});

const manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor),
});

const index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptor),
});

const words = z.array(z.string()).nullish();
const flags = z.record(z.string(), z.unknown()).nullish();

const config = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  created: z.string().nullish(),
  author: z.string().optional(),
  config: z
    .looseObject({
      User: z.string().nullish(),
      Env: words,
      Cmd: words,
      Entrypoint: words,
      ExposedPorts: flags,
      Volumes: flags,
      WorkingDir: z.string().nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      StopSignal: z.string().nullish(),
    })
    .nullish(),
  rootfs: z.looseObject({ type: z.literal("layers"), diff_ids: z.array(digest).nullish() }),
  history: z.array(z.looseObject({ empty_layer: z.boolean().optional() })).nullish(),
});

export type Descriptor = z.infer<typeof descriptor>;
export type Manifest = z.infer<typeof manifest>;
export type Index = z.infer<typeof index>;

/** @param what for messages: `the manifest of oci:web` */
export function parseManifest(bytes: Uint8Array, what: string): Manifest {
  return parse(manifest, bytes, what);
}

export function parseIndex(bytes: Uint8Array, what: string): Index {
  return parse(index, bytes, what);
}

/** A configuration; fields that tools write as `null` are left out. */
export function parseConfig(bytes: Uint8Array, what: string): ImageConfig {
  const found = withoutNulls(parse(config, bytes, what)) as unknown as ImageConfig;
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
