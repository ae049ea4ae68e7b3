import { statSync } from "node:fs";
import { iterate } from "../../values/iterate.ts";
import { Dict, Tuple, textOf, type Value } from "../../values/model.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError } from "../errors.ts";
import type { EvaluationContext, Filter } from "../plugin.ts";
import { glob } from "../python/fnmatch.ts";
import * as paths from "../python/paths.ts";
import { raise } from "../python/raise.ts";
import { splitUrl, unquoteUrl } from "../python/urls.ts";
import { Undefined } from "../undefined.ts";
import { isSequence } from "./collections.ts";
import { define, plain, textFrom } from "./shared.ts";

/** Filters on paths and URLs. */

function pathOf(value: Value): string {
  if (value instanceof Undefined) return value.fail();
  const text = textOf(value);
  if (text !== undefined) return text;
  return raise("TypeError", `expected str, bytes or os.PathLike object, not ${typeName(value)}`);
}

const onPath = (name: string, run: (path: string) => Value): Filter =>
  plain(name, (value) => run(pathOf(value)));

function environment(context: EvaluationContext): paths.Environment {
  return context.settings.environment ?? process.env;
}

const pathJoin = plain("path_join", (value) => {
  if (value instanceof Undefined) value.fail();
  const text = textOf(value);
  if (text !== undefined) return text;
  if (!isSequence(value)) {
    raise(
      "TypeError",
      `|path_join expects string or sequence, got <class '${typeName(value)}'> instead.`,
    );
  }
  const [first = "", ...rest] = Array.from(iterate(value), pathOf);
  return paths.join(first, ...rest);
});

/** The files (not directories) that match, in the order of their names. */
const fileglob = plain("fileglob", (value) =>
  glob(pathOf(value))
    .filter((path) => statSync(path).isFile())
    .sort(),
);

const commonpath = plain("commonpath", (value) => {
  if (!isSequence(value))
    throw new FilterError("|commonpath expects sequence, got a value that is none.");
  return paths.commonpath(Array.from(iterate(value), pathOf));
});

const PARTS = [
  "fragment",
  "hostname",
  "netloc",
  "password",
  "path",
  "port",
  "query",
  "scheme",
  "username",
] as const;

const urlsplit = define("split_url", ["query?", "alias?"], (value, parameters) => {
  const url = splitUrl(textFrom(value));
  const read = (part: (typeof PARTS)[number]): Value => (part === "port" ? url.port() : url[part]);
  const query = parameters.text("query") ?? "";
  if (query === "") return new Dict(PARTS.map((part) => [part, read(part)] as const));
  const part = PARTS.find((name) => name === query);
  if (part === undefined) {
    throw new FilterError(
      `${parameters.text("alias") ?? "urlsplit"}: unknown URL component: ${query}`,
    );
  }
  return read(part);
});

export const filters: Readonly<Record<string, Filter>> = {
  basename: onPath("basename", paths.basename),
  commonpath,
  dirname: onPath("dirname", paths.dirname),
  expanduser: plain("expanduser", (value, context) =>
    paths.expanduser(pathOf(value), environment(context)),
  ),
  expandvars: plain("expandvars", (value, context) =>
    paths.expandvars(pathOf(value), environment(context)),
  ),
  fileglob,
  normpath: onPath("normpath", paths.normpath),
  path_join: pathJoin,
  realpath: onPath("realpath", paths.realpath),
  relpath: define("relpath", ["start?"], (value, parameters) =>
    paths.relpath(pathOf(value), textFrom(parameters.get("start", "."))),
  ),
  splitext: onPath("splitext", (path) => new Tuple(paths.splitext(path))),
  urldecode: plain("do_urldecode", (value) => unquoteUrl(textFrom(value).replaceAll("+", " "))),
  urlsplit,
  win_basename: onPath("win_basename", paths.winBasename),
  win_dirname: onPath("win_dirname", paths.winDirname),
  win_splitdrive: onPath("win_splitdrive", (path) => new Tuple(paths.winSplitdrive(path))),
};
