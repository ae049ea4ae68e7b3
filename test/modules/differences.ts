/** Where an answer is deliberately not the original's, and why. */

type Result = Readonly<Record<string, unknown>>;

interface Difference {
  /** `case file: task name`, or only the file for all its tasks. */
  readonly where: string;
  /** Values that are not compared. */
  readonly without: readonly string[];
  readonly why: string;
}

const DIFFERENCES: readonly Difference[] = [
];

/** What is compared for a task: the recorded result without what differs on purpose. */
export function expected(
  file: string,
  name: string,
  result: Result,
): { readonly result: Result; readonly without: readonly string[] } {
  const without = DIFFERENCES.filter(
    ({ where }) => where === file || where === `${file}: ${name}`,
  ).flatMap((difference) => difference.without);
  const kept = Object.entries(result).filter(([key]) => !without.includes(key));
  return { result: Object.fromEntries(kept), without };
}
