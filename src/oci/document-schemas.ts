/** Shapes of the documents of an image, as zod describes them; loaded when the first one is read. */
import { z } from "zod";
import { isDigest } from "./digest.ts";
import type { Digest } from "./image.ts";

const digest = z.string().refine(isDigest, { message: "no sha256 digest" }) as z.ZodType<Digest>;

const platform = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
});

export const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).nullish(),
  platform: platform.optional(),
});

export const manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor),
});

export const index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptor),
});

const words = z.array(z.string()).nullish();
const flags = z.record(z.string(), z.unknown()).nullish();

export const config = z.looseObject({
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
