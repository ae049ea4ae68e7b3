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
  {
    where: "file: absent dir",
    without: ["diff"],
    why: "The list of what is removed is made for --diff only; it walks the whole tree.",
  },
  {
    where: "script: script missing",
    without: ["msg"],
    why: "What was searched is told by the controller's side, which is not part of this test.",
  },
  {
    where: "copy: dir to file",
    without: ["msg", "changed", "path"],
    why: "Names the directory that could not be entered, not the first file in it.",
  },
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
  // Names of temporary files of the original's own.
  for (const [key, value] of Object.entries(result)) if (value === "@TMP@") without.push(key);
  const kept = Object.entries(result).filter(([key]) => !without.includes(key));
  return { result: Object.fromEntries(kept), without };
}
