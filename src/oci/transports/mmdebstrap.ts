/**
 * `mmdebstrap:suite?option=value&...`: a Debian base made from packages, where there is no registry.
 * Options are mmdebstrap's: `include` (packages), `variant`, `components`, `mirror`, `arch`, `mode`,
 * `keyring`, `aptopt`, `dpkgopt`. See mmdebstrap(1).
 */
import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { EnvironmentError, UsageError } from "../../errors/index.ts";
import { sha256 } from "../digest.ts";
import { type Platform, parsePlatform } from "../documents.ts";
import { ImageError } from "../errors.ts";
import type { Image, ReadOptions, Transport } from "../image.ts";
import { imageOfFilesystem, sourceDateEpoch } from "../single-layer.ts";

/** 1980: zip files, and tools that pack them, know no earlier time. */
const DEFAULT_EPOCH = 315_532_800;

const OPTIONS = new Set([
  "include",
  "variant",
  "components",
  "mirror",
  "arch",
  "mode",
  "keyring",
  "aptopt",
  "dpkgopt",
]);

const VARIANTS = [
  "extract",
  "custom",
  "essential",
  "apt",
  "required",
  "minbase",
  "buildd",
  "important",
  "debootstrap",
  "-",
  "standard",
];

interface Recipe {
  readonly suite: string;
  readonly options: Readonly<Record<string, string>>;
  readonly epoch: number;
  readonly platform: Platform;
}

export class MmdebstrapTransport implements Transport {
  readonly scheme = "mmdebstrap";

  /** The recipe. The mirror moves on meanwhile: packages are fetched again only for a new recipe. */
  async identify(reference: string, options: ReadOptions = {}): Promise<string> {
    const recipe = parseRecipe(reference, options.platform);
    return `mmdebstrap:${sha256(Buffer.from(JSON.stringify(recipe)))}`;
  }

  async read(reference: string, options: ReadOptions = {}): Promise<Image> {
    const recipe = parseRecipe(reference, options.platform);
    const what = `mmdebstrap:${reference}`;
    const run = start(recipe, what, options.signal);
    return imageOfFilesystem(run.output, what, {
      platform: recipe.platform,
      createdBy: `mmdebstrap ${argumentsOf(recipe).join(" ")}`,
      epoch: recipe.epoch,
      created: () => sourceDateEpoch() ?? run.newest() ?? recipe.epoch,
      // mmdebstrap copies the builder's into the system that it makes.
      leaveOut: ["etc/hostname", "etc/resolv.conf"],
      signal: options.signal,
    });
  }
}

/** @throws UsageError for options that are not known */
function parseRecipe(reference: string, platform: string | undefined): Recipe {
  const [suite = "", query = ""] = reference.split("?", 2);
  const refuse = (message: string, hint: string) =>
    new UsageError(`mmdebstrap:${reference}: ${message}`, { hint });
  if (!/^[a-z][a-z0-9.-]*$/.test(suite)) {
    throw refuse(
      `'${suite}' is no suite`,
      "Write for example mmdebstrap:bookworm?variant=minbase.",
    );
  }
  const options: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(query)) {
    if (!OPTIONS.has(key)) {
      throw refuse(`the option '${key}' is not known`, `Known are: ${[...OPTIONS].join(", ")}.`);
    }
    if (value === "") throw refuse(`the option '${key}' is empty`, "Give it a value.");
    options[key] = options[key] === undefined ? value : `${options[key]},${value}`;
  }
  const variant = options.variant;
  if (variant !== undefined && !VARIANTS.includes(variant)) {
    throw refuse(`the variant '${variant}' is not known`, `Known are: ${VARIANTS.join(", ")}.`);
  }
  const wanted = parsePlatform(platform);
  const architecture = options.arch ?? debianName(wanted);
  return {
    suite,
    options: { variant: "minbase", ...options, arch: architecture },
    epoch: sourceDateEpoch() ?? DEFAULT_EPOCH,
    platform: options.arch ? { os: "linux", ...goName(architecture) } : wanted,
  };
}

function argumentsOf({ suite, options }: Recipe): string[] {
  const flag = (name: string, key: string) =>
    options[key] === undefined ? [] : [`--${name}=${options[key]}`];
  return [
    ...flag("variant", "variant"),
    ...flag("include", "include"),
    ...flag("components", "components"),
    ...flag("architectures", "arch"),
    ...flag("mode", "mode"),
    ...flag("keyring", "keyring"),
    ...flag("aptopt", "aptopt"),
    ...flag("dpkgopt", "dpkgopt"),
    suite,
    "-",
    ...(options.mirror === undefined ? [] : [options.mirror]),
  ];
}

/**
 * Tells the time of the newest changelog that came out of a package: a date of the image that follows from
 * what is in it. mmdebstrap itself sets later times to SOURCE_DATE_EPOCH when it packs.
 */
const NEWEST = "layerbook-newest: ";
const TELL_NEWEST = `--customize-hook=find "$1/usr/share/doc" -name "changelog*" -type f -printf '%T@\\n' | sort -n | tail -n 1 | sed 's/[.].*//; s/^/${NEWEST}/' >&2`;

interface Run {
  readonly output: PassThrough;
  /** Unix seconds; known when the output has ended. */
  newest(): number | undefined;
}

function start(recipe: Recipe, what: string, signal: AbortSignal | undefined): Run {
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  const flags = ["--quiet", "--format=tar", TELL_NEWEST, ...argumentsOf(recipe)];
  const child = spawn("mmdebstrap", flags, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(recipe.epoch), LC_ALL: "C.UTF-8" },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-8000);
  });
  child.on("error", (cause) => {
    output.destroy(
      new EnvironmentError(`${what}: mmdebstrap is not installed`, {
        hint: "Install it (Debian, Ubuntu: apt-get install mmdebstrap), or begin from another image.",
        cause,
      }),
    );
  });
  // mmdebstrap tidies up behind itself when it is asked to end.
  const stop = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", stop, { once: true });
  output.on("close", stop);
  child.stdout.pipe(output, { end: false });
  child.on("close", (code) => {
    signal?.removeEventListener("abort", stop);
    if (code === 0) output.end();
    else output.destroy(failure(what, said, code));
  });
  const newest = () => {
    const told = new RegExp(`^${NEWEST}(\\d+)$`, "m").exec(said)?.[1];
    return told === undefined ? undefined : Number(told);
  };
  return { output, newest };
}

function failure(what: string, said: string, code: number | null): ImageError {
  const lines = said.trim().split("\n").filter(Boolean);
  const telling = lines.filter((line) => /^E: |error/i.test(line)).slice(0, 3);
  const reason = (telling.length > 0 ? telling : lines.slice(-2)).join("; ");
  return new ImageError(
    `${what}: mmdebstrap failed${reason ? `: ${reason}` : ` with code ${code}`}`,
    {
      hint: /Unable to locate package/.test(said)
        ? "Check the names of the packages in `include`, and `components`."
        : /resolv|connect|timed out|Failed to fetch/i.test(said)
          ? "Check the network, or name another mirror: `mirror=http://...`."
          : undefined,
    },
  );
}

const DEBIAN_NAMES: Readonly<Record<string, string>> = {
  "386": "i386",
  ppc64le: "ppc64el",
};

function debianName({ architecture, variant }: Platform): string {
  if (architecture === "arm") return variant === "v6" || variant === "v5" ? "armel" : "armhf";
  return DEBIAN_NAMES[architecture] ?? architecture;
}

function goName(debian: string): { architecture: string; variant?: string } {
  if (debian === "armhf") return { architecture: "arm", variant: "v7" };
  if (debian === "armel") return { architecture: "arm", variant: "v5" };
  const found = Object.entries(DEBIAN_NAMES).find(([, name]) => name === debian);
  return { architecture: found?.[0] ?? debian };
}
