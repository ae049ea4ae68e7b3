/** A build that finds its store damaged begins again, and makes anew what it cannot trust. */
import { type BuildOptions, type BuildOutcome, buildImage } from "../build/build.ts";
import { DamagedLayerError } from "../workspace/errors.ts";

/** @param build one attempt; default: the build as it is */
export async function buildRecovering(
  options: BuildOptions,
  build: (options: BuildOptions) => Promise<BuildOutcome> = buildImage,
): Promise<BuildOutcome> {
  try {
    return await build(options);
  } catch (error) {
    const damaged = damagedLayer(error);
    if (!damaged) throw error;
    options.emit({
      type: "warning",
      message: `${damaged.message}: the build begins again, and replays nothing`,
    });
    await options.workspace.removeLayers([damaged.layer]);
    // Steps may have seen the damage: whatever came of them is stored anew.
    return build({ ...options, cache: { off: true, from: undefined } });
  }
}

function damagedLayer(error: unknown): DamagedLayerError | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof DamagedLayerError) return one;
  }
  return undefined;
}
