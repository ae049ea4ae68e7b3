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
    where: "git",
    without: ["cmd"],
    why: "The commands are others, and git is called by its name.",
  },
  {
    where: "acl",
    without: ["cmd"],
    why: "The program is called by its name.",
  },
  {
    where: "text: ini crlf",
    without: ["size"],
    why: "The original takes the carriage returns away.",
  },
  {
    where: "waiting: tempfile file",
    without: ["msg"],
    why: "What is skipped in check mode is the engine's to say.",
  },
  {
    where: "waiting: tempfile bad",
    without: ["msg"],
    why: "Names the directory, not a file by chance in it.",
  },
  {
    where: "waiting: archive one",
    without: ["size"],
    why: "The name is not stored in it.",
  },
  {
    where: "subversion",
    without: ["cmd"],
    why: "The program is called by its name.",
  },
  {
    where: "unarchive",
    without: ["extract_results", "diff"],
    why: "The program is called by its name, and zip archives are read without one.",
  },
  {
    where: "unarchive: un junk",
    without: ["msg"],
    why: "The kind of archive is known from its first bytes, so only one program is tried.",
  },
  {
    where: "unarchive: un check",
    without: ["msg"],
    why: "The module has its public name.",
  },
  {
    where: "web: get check",
    without: ["checksum_dest", "checksum_src", "status_code"],
    why: "The original gives the checksum of the empty answer to HEAD.",
  },
  {
    where: "web: get nodir",
    without: ["checksum_dest", "checksum_src"],
    why: "Nothing is downloaded for a directory that is not there.",
  },
  {
    where: "web: uri auth",
    without: ["content_type", "url"],
    why: "The original hides the password, one letter here, wherever the letter is.",
  },
  {
    where: "web: uri noredir",
    without: ["body"],
    why: "An empty value of the original's that is not documented.",
  },
  {
    where: "web: uri check",
    without: ["msg"],
    why: "The module has its public name.",
  },
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

/** Cases that a bare busybox cannot run: they use what only Debian has. */
const NOT_IN_BUSYBOX = new Set([
  "command: bash",
  "script: script executable",
  "stat: file mime",
  "command: shell none",
  "find: set up",
  "find: age",
  "find: age less",
  "unarchive: un exclude",
]);

const BUSYBOX_DIFFERENCES: readonly Difference[] = [];

/** The same for a target that has only busybox; `undefined` for cases that make no sense there. */
export function expectedInBusybox(
  file: string,
  name: string,
  result: Result,
): { readonly result: Result; readonly without: readonly string[] } | undefined {
  if (NOT_IN_BUSYBOX.has(`${file}: ${name}`)) return undefined;
  const more = BUSYBOX_DIFFERENCES.filter(
    ({ where }) => where === file || where === `${file}: ${name}`,
  ).flatMap((difference) => difference.without);
  const known = expected(file, name, result);
  const kept = Object.entries(known.result).filter(([key]) => !more.includes(key));
  return { result: Object.fromEntries(kept), without: [...known.without, ...more] };
}

/** Modules that do what they are told each time, as the originals. */
const EACH_TIME: ReadonlySet<string> = new Set(["command", "shell", "script", "raw", "tempfile"]);

/** Cases whose second run has a reason to change something: `file: case`, or a whole file. */
const NOT_TWICE: Readonly<Record<string, string>> = {
  "copy: remote dir modes": "A directory's mode is set and then taken from the source again.",
  "crypto: x509_certificate 65": "force",
  "crypto: x509_certificate 67": "force",
  "file: touch again": "touch",
  "file: touch dir": "touch",
  "file: touch time": "touch",
  "git: git noclone": "Without a clone what the server has is always news.",
  "git: git nodest": "Without a clone what the server has is always news.",
  "lineinfile: li backrefs": "The new line matches again, and is given the same ending again.",
  "lineinfile: li multi": "The new lines are not the line that the expression looks for.",
  "make: make params": "The target is not a file.",
  "subversion: svn export": "Exports are not put over what is there.",
  "subversion: svn export force": "force",
  "web: uri dest": "The server says that it is not modified, which is not status 200.",
  "web: uri dest dir": "There is no name to compare with.",
};

/** Is a second run of the case expected to change nothing? */
export function isIdempotent(file: string, name: string, module: string): boolean {
  return !EACH_TIME.has(shortName(module)) && !isListed(NOT_TWICE, file, name);
}

/** Cases in which check mode cannot know what the run will do, or the original does not tell it. */
const CHECK_UNSURE: Readonly<Record<string, string>> = {
  "subversion: svn no checkout": "The original says so of everything that is not there.",
  "web: get force": "Only the download shows whether the content is new.",
};

/** Does check mode say of the case what the run says? */
export function checkTells(file: string, name: string, module: string): boolean {
  return !EACH_TIME.has(shortName(module)) && !isListed(CHECK_UNSURE, file, name);
}

function shortName(module: string): string {
  return module.slice(module.lastIndexOf(".") + 1);
}

function isListed(list: Readonly<Record<string, string>>, file: string, name: string): boolean {
  return list[file] !== undefined || list[`${file}: ${name}`] !== undefined;
}
