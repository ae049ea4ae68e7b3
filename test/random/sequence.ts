/**
 * One random test: a project, edited a few times. After each edit it is built with the cache that the
 * builds before have filled, and from nothing; both must come to the same files and the same results.
 */
import { join } from "node:path";
import { editProject } from "./edit-project.ts";
import { ProjectMaker } from "./generate-project.ts";
import { differenceOf, type Outcome } from "./outcome.ts";
import { ProjectFolder } from "./project-folder.ts";
import type { ProjectModel } from "./project-model.ts";
import { Random } from "./random.ts";

/** Where a sequence's builds are made. */
export interface BuildPlace {
  /** May tasks leave processes running? */
  readonly processes: boolean;
  /** With what the builds before have left in the cache. */
  cached(project: ProjectModel, files: ProjectFolder): Promise<Outcome>;
  fresh(project: ProjectModel, files: ProjectFolder): Promise<Outcome>;
  close(): Promise<void>;
}

/** The two builds differ. */
export class Mismatch extends Error {}

export interface SequenceCounts {
  builds: number;
  cached: number;
  ran: number;
  failed: number;
}

/** @param folder for the project's files */
export async function runSequence(
  seed: number,
  folder: string,
  place: BuildPlace,
): Promise<SequenceCounts> {
  const random = new Random(seed);
  const maker = new ProjectMaker(random, place.processes);
  const project = maker.project();
  const files = new ProjectFolder(join(folder, "project"));
  const counts: SequenceCounts = { builds: 0, cached: 0, ran: 0, failed: 0 };
  const done: string[] = ["first build"];
  for (let left = random.between(2, 4); left >= 0; left--) {
    files.write(project, random);
    const cached = await place.cached(project, files);
    const fresh = await place.fresh(project, files);
    counts.builds++;
    counts.cached += cached.cached;
    counts.ran += cached.ran;
    if (fresh.failed) counts.failed++;
    const difference = differenceOf(fresh, cached);
    if (difference) throw new Mismatch(`seed ${seed}, after: ${done.join("; ")}\n${difference}`);
    for (let n = random.between(1, 2); n > 0; n--) {
      done.push(editProject(project, random, maker));
    }
  }
  return counts;
}
