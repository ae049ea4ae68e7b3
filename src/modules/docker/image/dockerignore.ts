/**
 * `.dockerignore`: which files of a folder are no part of the build's context.
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */

interface Rule {
  readonly pattern: RegExp;
  readonly exclude: boolean;
}

/** @returns whether a path (relative, slashes) is left out; the last rule that matches decides */
export function dockerignore(text: string): (path: string) => boolean {
  const rules: Rule[] = [];
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === "" || line.startsWith("#")) continue;
    const exclude = !trimmed.startsWith("!");
    const pattern = cleaned(exclude ? trimmed : trimmed.slice(1).trim());
    if (pattern !== "") rules.push({ pattern: regExpOf(pattern), exclude });
  }
  return (path) => {
    let excluded = false;
    for (const { pattern, exclude } of rules) {
      if (exclude !== excluded && prefixes(path).some((part) => pattern.test(part))) {
        excluded = exclude;
      }
    }
    return excluded;
  };
}

/** The path and every folder that it is in: a rule for a folder is one for all below it. */
function prefixes(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function cleaned(pattern: string): string {
  return pattern
    .replace(/\/+/g, "/")
    .replace(/^\.?\//, "")
    .replace(/\/$/, "")
    .replace(/^\.$/, "");
}

function regExpOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?|\*|\?|\\.|\[\^?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (part.length > 1 && part.startsWith("[")) return part;
    return (part.length > 1 ? part.slice(1) : part).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "s");
}
