import { accessSync, lstatSync, readFileSync, statSync } from "node:fs";
import { contains, truth } from "../../values/compare.ts";
import { iterate } from "../../values/iterate.ts";
import { Dict, PyFloat, PySet, TaggedString, textOf, type Value } from "../../values/model.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError, TemplateRuntimeError } from "../errors.ts";
import { isHashable } from "../filters/collections.ts";
import { ansibleBool } from "../filters/numbers.ts";
import { Parameters } from "../filters/shared.ts";
import { bindArguments, type EvaluationContext, type Test } from "../plugin.ts";
import { dirname, realpath } from "../python/paths.ts";
import { raise } from "../python/raise.ts";
import { compileRegex } from "../python/regex.ts";
import { splitUrl } from "../python/urls.ts";
import {
  compareLoose,
  comparePep440,
  compareSemantic,
  compareStrict,
  type VersionOrder,
} from "../python/versions.ts";
import { Undefined } from "../undefined.ts";

/**
 * Ansible's own tests: of results, versions, text, sets, paths and URLs.
 * https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tests.html
 */

function define(
  name: string,
  signature: readonly string[],
  run: (value: Value, parameters: Parameters, context: EvaluationContext) => boolean,
): Test {
  return (value, args, context) =>
    run(value, new Parameters(bindArguments(name, signature, args)), context);
}

/** A test of a task's registered result. */
function result(name: string, run: (result: Dict) => boolean): Test {
  return (value) => {
    if (value instanceof Undefined) value.fail();
    if (!(value instanceof Dict)) {
      throw new FilterError(`The '${name}' test expects a dictionary`);
    }
    return run(value);
  };
}

const flag = (dict: Dict, key: string): boolean => truth(dict.get(key) ?? false);

/** A loop's result has changed when one of its items has. */
function hasChanged(dict: Dict): boolean {
  if (dict.has("changed")) return flag(dict, "changed");
  const results = dict.get("results");
  if (results === undefined) return false;
  for (const item of iterate(results)) {
    if (item instanceof Dict && flag(item, "changed")) return true;
  }
  return false;
}

const failed = result("failed", (dict) => flag(dict, "failed"));
const succeeded = result("failed", (dict) => !flag(dict, "failed"));
const changed = result("changed", hasChanged);
const skipped = result("skipped", (dict) => flag(dict, "skipped"));

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "=": (order) => order === 0,
  eq: (order) => order === 0,
  "<": (order) => order < 0,
  lt: (order) => order < 0,
  "<=": (order) => order <= 0,
  le: (order) => order <= 0,
  ">": (order) => order > 0,
  gt: (order) => order > 0,
  ">=": (order) => order >= 0,
  ge: (order) => order >= 0,
  "!=": (order) => order !== 0,
  "<>": (order) => order !== 0,
  ne: (order) => order !== 0,
};
const SCHEMES: Readonly<Record<string, VersionOrder>> = {
  loose: compareLoose,
  strict: compareStrict,
  semver: compareSemantic,
  semantic: compareSemantic,
  pep440: comparePep440,
};

const version = define(
  "version_compare",
  ["version", "operator?", "strict?", "version_type?"],
  (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    const other = parameters.get("version", null);
    if (other instanceof Undefined) other.fail();
    const operator = parameters.text("operator") ?? "eq";
    const strict = parameters.get("strict", null);
    const type = parameters.text("version_type");
    if (strict !== null && type !== undefined) {
      throw new FilterError("Cannot specify both 'strict' and 'version_type'");
    }
    if (!truth(value)) throw new FilterError("Input version value cannot be empty");
    if (!truth(other)) {
      throw new FilterError("Version parameter to compare against cannot be empty");
    }
    const scheme = strict !== null && truth(strict) ? "strict" : (type ?? "loose");
    const compare = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
    if (!compare) {
      throw new FilterError(
        `Invalid version type (${scheme}). Must be one of 'loose', 'strict', 'semver', 'semantic', 'pep440'`,
      );
    }
    const decide = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    if (!decide) {
      throw new FilterError(
        `Invalid operator type (${operator}). Must be one of '==', '=', 'eq', '<', 'lt', '<=', 'le', '>', 'gt', '>=', 'ge', '!=', '<>', 'ne'`,
      );
    }
    try {
      return decide(compare(str(value), str(other)));
    } catch (error) {
      if (!(error instanceof TemplateRuntimeError)) throw error;
      throw new FilterError(`Version comparison failed: ${error.message}`, { cause: error });
    }
  },
);

function regexTest(name: string, fixed: "match" | "search" | undefined): Test {
  const signature = ["pattern?", "ignorecase?", "multiline?"];
  if (fixed === undefined) signature.push("match_type?");
  return define(name, signature, (value, parameters) => {
    const text = str(value);
    const pattern = compileRegex(str(parameters.get("pattern", "")), {
      ignoreCase: parameters.truth("ignorecase", false),
      multiline: parameters.truth("multiline", false),
    });
    const how = fixed ?? parameters.text("match_type") ?? "search";
    if (how === "match") return pattern.match(text) !== undefined;
    if (how === "fullmatch") return pattern.fullmatch(text) !== undefined;
    if (how === "search") return pattern.search(text) !== undefined;
    return raise("AttributeError", `'re.Pattern' object has no attribute '${how}'`);
  });
}

function truthiness(wanted: boolean): Test {
  return define(wanted ? "truthy" : "falsy", ["convert_bool?"], (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    let subject = value;
    if (parameters.truth("convert_bool", false)) {
      const text = textOf(value)?.toLowerCase();
      const known = ["yes", "on", "1", "true", "y", "t", "no", "off", "0", "false", "n", "f"];
      // Text that names no boolean keeps the truth of a text.
      if (text !== undefined && known.includes(text)) {
        subject = ansibleBool(text === "y" || text === "t" ? "yes" : text);
      }
    }
    return truth(subject) === wanted;
  });
}

/** A set of hashable items; a list in it is a TypeError, as in Python. */
function setOf(value: Value): PySet {
  if (value instanceof Undefined) value.fail();
  const items = Array.from(iterate(value));
  for (const item of items) {
    if (!isHashable(item)) raise("TypeError", `unhashable type: '${typeName(item)}'`);
  }
  return new PySet(items);
}

const isSubset = (small: Value, large: Value): boolean => {
  const all = setOf(large);
  return Array.from(setOf(small)).every((item) => all.has(item));
};
const subset = define("issubset", ["b"], (value, parameters) =>
  isSubset(value, parameters.get("b", null)),
);
const superset = define("issuperset", ["b"], (value, parameters) =>
  isSubset(parameters.get("b", null), value),
);

function onPath(check: (path: string) => boolean): Test {
  return (value) => {
    if (value instanceof Undefined) value.fail();
    const path = textOf(value);
    if (path === undefined) return false;
    try {
      return check(path);
    } catch {
      return false;
    }
  };
}

const isDirectory = onPath((path) => statSync(path).isDirectory());
const isFile = onPath((path) => statSync(path).isFile());
const isLink = onPath((path) => lstatSync(path).isSymbolicLink());
const linkExists = onPath((path) => {
  lstatSync(path);
  return true;
});
const exists = onPath((path) => {
  accessSync(path);
  return true;
});
const isAbsolute: Test = (value) => {
  if (value instanceof Undefined) value.fail();
  const path = textOf(value);
  if (path === undefined)
    return raise("TypeError", `expected str, bytes or os.PathLike object, not ${typeName(value)}`);
  return path.startsWith("/");
};
const isMount = onPath((path) => {
  if (lstatSync(path).isSymbolicLink()) return false;
  const own = statSync(path);
  const parent = statSync(dirname(realpath(path)));
  return own.dev !== parent.dev || own.ino === parent.ino;
});
const sameFile = define("samefile", ["path"], (value, parameters) => {
  const own = statOrRaise(str(value));
  const other = statOrRaise(str(parameters.get("path", null)));
  return own.dev === other.dev && own.ino === other.ino;
});

function statOrRaise(path: string) {
  try {
    return statSync(path);
  } catch {
    return raise("FileNotFoundError", `[Errno 2] No such file or directory: '${path}'`);
  }
}

function isUri(value: Value, schemes: Value): boolean {
  if (value instanceof Undefined) value.fail();
  const text = textOf(value);
  if (text === undefined) return false;
  try {
    const { scheme } = splitUrl(text);
    // Text without a scheme is a path, which may be a URI's, too.
    return !truth(schemes) || contains(schemes, scheme);
  } catch {
    return false;
  }
}
const uri = define("uri", ["schemes?"], (value, parameters) =>
  isUri(value, parameters.get("schemes", null)),
);
const url = define("url", ["schemes?"], (value, parameters) => {
  const text = textOf(value) ?? "";
  if (!isUri(value, parameters.get("schemes", null))) return false;
  const { scheme, netloc } = splitUrl(text);
  return netloc !== "" || scheme === "file";
});
const urn = define("urn", [], (value) => isUri(value, ["urn"]));

const isNan: Test = (value) => {
  if (value instanceof Undefined) value.fail();
  return value instanceof PyFloat && Number.isNaN(value.value);
};

export const tests: Readonly<Record<string, Test>> = {
  abs: isAbsolute,
  all: (value) => Array.from(iterate(value)).every(truth),
  any: (value) => Array.from(iterate(value)).some(truth),
  change: changed,
  changed,
  contains: define("contains", ["item"], (value, parameters) =>
    contains(value, parameters.get("item", null)),
  ),
  directory: isDirectory,
  exists,
  failed,
  failure: failed,
  falsy: truthiness(false),
  file: isFile,
  finished: result("finished", (dict) => !dict.has("finished") || flag(dict, "finished")),
  is_abs: isAbsolute,
  is_dir: isDirectory,
  is_file: isFile,
  is_link: isLink,
  is_mount: isMount,
  is_same_file: sameFile,
  isnan: isNan,
  issubset: subset,
  issuperset: superset,
  link: isLink,
  link_exists: linkExists,
  match: regexTest("match", "match"),
  mount: isMount,
  nan: isNan,
  reachable: result("unreachable", (dict) => !flag(dict, "unreachable")),
  regex: regexTest("regex", undefined),
  same_file: sameFile,
  search: regexTest("search", "search"),
  skip: skipped,
  skipped,
  started: result("started", (dict) => !dict.has("started") || flag(dict, "started")),
  subset,
  succeeded,
  success: succeeded,
  successful: succeeded,
  superset,
  timedout: result("timedout", (dict) => {
    const period = dict.get("timedout");
    return period instanceof Dict && truth(period.get("period") ?? false);
  }),
  truthy: truthiness(true),
  unreachable: result("unreachable", (dict) => flag(dict, "unreachable")),
  uri,
  url,
  urn,
  vault_encrypted: (value) => value instanceof TaggedString && value.vault,
  vaulted_file: (value) => {
    const path = textOf(value) ?? "";
    try {
      return readFileSync(path).subarray(0, 14).toString("latin1") === "$ANSIBLE_VAULT";
    } catch (error) {
      throw new FilterError(`Cannot test if the file ${path} is a vault`, { cause: error });
    }
  },
  version,
  version_compare: version,
};
