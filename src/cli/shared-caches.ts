/** The caches of other machines that `--cache-from` and `--cache-to` name, around a build. */
import { type BuildOptions, type BuildOutcome, buildImage } from "../build/build.ts";
import { BuildRecords } from "../build/build-record.ts";
import { exportCache } from "../build/shared/export-cache.ts";
import { SharedCache } from "../build/shared/shared-cache.ts";
import { withSharedLayers } from "../build/shared/shared-workspace.ts";
import { messageOf, UsageError } from "../errors/index.ts";
import { type ArtifactPlace, openArtifactPlace } from "../oci/artifact-place.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface SharedCacheFlags {
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly insecure?: boolean;
}

export class SharedCaches {
  readonly #from: readonly ArtifactPlace[];
  readonly #to: readonly ArtifactPlace[];
  readonly #inner: Workspace;

  /**
   * @throws UsageError for a place that cannot hold a cache, and where layers cannot be taken over
   */
  constructor(flags: SharedCacheFlags, workspace: Workspace, signal: AbortSignal) {
    if (!workspace.adopt || !workspace.entries) {
      throw new UsageError(`--cache-from and --cache-to need the sandbox`, {
        hint: "Layers of a daemon stay in it. Build with --on sandbox.",
      });
    }
    const options = { insecure: flags.insecure ?? false, env: process.env, signal };
    this.#from = flags.cacheFrom.map((text) => openArtifactPlace(text, options));
    this.#to = flags.cacheTo.map((text) => openArtifactPlace(text, options));
    this.#inner = workspace;
  }

  /**
   * Builds with what others have built, and gives them what this build has made. A shared cache never
   * makes a build fail; when a layer cannot be had the build begins again without it.
   */
  async build(options: BuildOptions): Promise<BuildOutcome> {
    const warn = (message: string) => options.emit({ type: "warning", message });
    const shared = new SharedCache(this.#from, this.#inner, options.signal);
    await shared.load(warn);
    options.store.consult(shared);
    const within = { ...options, workspace: withSharedLayers(this.#inner, shared) };
    let outcome: BuildOutcome;
    try {
      outcome = await buildImage(within);
      if (shared.failure) throw shared.failure;
    } catch (error) {
      if (!shared.failure) throw error;
      warn(`${shared.failure.message}: the build begins again without shared caches`);
      shared.forsake();
      outcome = await buildImage(within);
    }
    await shared.keep(options.store);
    const steps = new BuildRecords(options.store.root).last(options.name)?.steps ?? [];
    const keys = steps.flatMap((step) => step.key ?? []);
    for (const place of this.#to) {
      try {
        const { workspace, store, signal } = within;
        const sent = await exportCache({ place, store, workspace, shared, keys, signal });
        options.emit({ type: "cache-export", place: place.label, ...sent });
      } catch (error) {
        options.signal.throwIfAborted();
        warn(`no cache to ${place.label}: ${messageOf(error)}`);
      }
    }
    return outcome;
  }

  close(): void {
    for (const place of [...this.#from, ...this.#to]) place.close();
  }
}
