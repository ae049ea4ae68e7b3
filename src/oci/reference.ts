/** Names of images with the place they are in, as skopeo and buildah write them. */
import { UsageError } from "../errors/index.ts";
import { ImageError } from "./errors.ts";

/** `scheme` without its colon; `reference` is what a transport understands. */
export interface ImageReference {
  readonly scheme: string;
  readonly reference: string;
}

export interface ParsedReference extends ImageReference {
  /** No scheme was written: `docker` is only the default. See {@link resolveBareName}. */
  readonly bare: boolean;
}

/** Schemes, and how each is written. */
export const SCHEMES: Readonly<Record<string, string>> = {
  docker: "docker://registry/name:tag",
  "docker-daemon": "docker-daemon:name:tag",
  "docker-archive": "docker-archive:file.tar[:name:tag]",
  oci: "oci:directory[:tag]",
  "oci-archive": "oci-archive:file.tar[:tag]",
  store: "store:name:tag",
  rootfs: "rootfs:directory-or-tarball",
  mmdebstrap: "mmdebstrap:suite[?include=packages&variant=minbase]",
  scratch: "scratch",
};

/** Transports of other tools that are refused by name rather than taken for a host. */
const FOREIGN = new Set(["containers-storage", "dir", "ostree", "tarball", "sif", "atomic"]);

/**
 * Takes a text apart. A bare name is one of a registry.
 * @throws UsageError for a scheme that is not known or a reference that is empty
 */
export function parseImageReference(text: string): ParsedReference {
  const trimmed = text.trim();
  if (trimmed === "scratch" || trimmed === "scratch:") {
    return { scheme: "scratch", reference: "", bare: false };
  }
  if (trimmed.startsWith("docker://")) return filled("docker", trimmed.slice("docker://".length));
  const colon = trimmed.indexOf(":");
  const scheme = trimmed.slice(0, Math.max(colon, 0));
  if (scheme !== "docker" && Object.hasOwn(SCHEMES, scheme)) {
    return filled(scheme, trimmed.slice(colon + 1));
  }
  if (FOREIGN.has(scheme) || /^[a-z][a-z0-9+.-]*:\/\//.test(trimmed)) {
    throw new UsageError(`'${text}': images of the transport '${scheme}' are not supported`, {
      hint: `Known are: ${Object.values(SCHEMES).join(", ")}.`,
    });
  }
  checkName(trimmed, text);
  return { scheme: "docker", reference: trimmed, bare: true };
}

/** The text that {@link parseImageReference} reads. */
export function formatImageReference({ scheme, reference }: ImageReference): string {
  if (scheme === "scratch") return "scratch";
  return scheme === "docker" ? `docker://${reference}` : `${scheme}:${reference}`;
}

/** Places that may have an image under a bare name; each answers whether it does. */
export interface NearPlaces {
  readonly store?: ((name: string) => Promise<boolean>) | undefined;
  readonly daemon?: ((name: string) => Promise<boolean>) | undefined;
}

/** Where an image of a bare name is: in the local store, in the daemon, else in its registry. */
export async function resolveBareName(name: string, places: NearPlaces): Promise<ImageReference> {
  if (await places.store?.(name)) return { scheme: "store", reference: name };
  if (await places.daemon?.(name)) return { scheme: "docker-daemon", reference: name };
  return { scheme: "docker", reference: name };
}

/** The parts of a name as registries have them. */
export interface ImageName {
  /** Host with its port. */
  readonly registry: string;
  /** Path in the registry: `library/debian`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const NAME =
  /^(?<path>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** @throws UsageError for what is no name of an image */
export function parseImageName(name: string): ImageName {
  return checkName(name, name);
}

/** Docker's full form: `debian` is `docker.io/library/debian:latest`. */
export function fullName(name: string): string {
  const { registry, repository, tag, digest } = parseImageName(name);
  if (digest) return `${registry}/${repository}@${digest}`;
  return `${registry}/${repository}:${tag ?? "latest"}`;
}

/** With the tag `latest` where there is neither tag nor digest. */
export function withTag(name: string): string {
  const { tag, digest } = parseImageName(name);
  return tag || digest ? name : `${name}:latest`;
}

function checkName(name: string, shown: string): ImageName {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:A-Z]/.test(first) || first === "localhost");
  const match = NAME.exec(isHost ? name.slice(slash + 1) : name)?.groups;
  const path = match?.path;
  if (
    !match ||
    !path ||
    (isHost &&
      !/^(?:\[[0-9a-f:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d+)?$/.test(first))
  ) {
    const lower = name.toLowerCase();
    throw new UsageError(`'${shown}' is no name of an image`, {
      hint:
        lower !== name && NAME.test(lower)
          ? `Names are in lower case: ${lower}`
          : "Write [registry/]name[:tag], for example debian:bookworm.",
    });
  }
  const host = isHost ? first : "docker.io";
  const registry = host === "index.docker.io" ? "docker.io" : host;
  const official = registry === "docker.io" && !path.includes("/");
  return {
    registry,
    repository: official ? `library/${path}` : path,
    tag: match.tag,
    digest: match.digest,
  };
}

/**
 * Parts `path[:name]` as the file transports write it. A drive letter is part of the path.
 * @throws UsageError without a path
 */
export function splitPath(
  reference: string,
  scheme: string,
): { readonly path: string; readonly name: string | undefined } {
  const drive = /^[A-Za-z]:[\\/]/.test(reference) ? 2 : 0;
  const colon = reference.indexOf(":", drive);
  const path = colon < 0 ? reference : reference.slice(0, colon);
  const name = colon < 0 ? undefined : reference.slice(colon + 1);
  if (path === "" || name === "") {
    throw new UsageError(`'${scheme}:${reference}' names no file`, {
      hint: `Write ${SCHEMES[scheme]}.`,
    });
  }
  return { path, name };
}

/** A tag that an OCI layout can carry in its index. */
export function checkLayoutName(name: string | undefined, shown: string): void {
  if (name === undefined || /^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$/.test(name)) return;
  throw new ImageError(`'${name}' in ${shown} cannot be the tag of an image`, {
    hint: "Use letters, digits and . _ - : / @ +.",
    exitCode: 5,
  });
}

function filled(scheme: string, reference: string): ParsedReference {
  if (reference === "") {
    throw new UsageError(`'${scheme}:' names no image`, { hint: `Write ${SCHEMES[scheme]}.` });
  }
  return { scheme, reference, bare: false };
}
