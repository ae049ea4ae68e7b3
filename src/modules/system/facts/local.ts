/** Facts that a host has about itself: files under /etc/ansible/facts.d. */
import { iniSection, interpolateIni, parseIni } from "../../../template/python/configparser.ts";
import { PythonError } from "../../../values/failure.ts";
import type { Data } from "../../module.ts";
import type { FactReport } from "./source.ts";

/** @param warn told of files that cannot be read; what is wrong is the fact's value, too */
export function localFacts(report: FactReport, warn: (message: string) => void): Data {
  const facts: Record<string, Data> = {};
  for (const [part, content] of report.parts) {
    const [kind = "", path] = part.split(/:(.*)/s, 2);
    if (path === undefined) continue;
    const read = READERS[kind];
    if (!read) continue;
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.fact$/, "");
    try {
      facts[name] = read(content, path, report);
    } catch (error) {
      if (!(error instanceof UnreadableFact)) throw error;
      facts[name] = error.message;
      warn(error.message);
    }
  }
  return facts;
}

class UnreadableFact extends Error {}

type Reader = (content: string, path: string, report: FactReport) => Data;

/** By the kind of part in the report. */
const READERS: Readonly<Record<string, Reader>> = {
  local: parseFact,
  run: (content, path, report) => {
    const end = content.indexOf("\n");
    const code = content.slice(0, end);
    if (code !== "0") {
      const said = report.part(`err:${path}`);
      throw new UnreadableFact(
        `Failure executing fact script (${path}), rc: ${code}, err: ${said}`,
      );
    }
    return parseFact(content.slice(end + 1), path);
  },
  lost: (_content, path) => {
    throw new UnreadableFact(
      `Could not stat fact (${path}): [Errno 2] No such file or directory: '${path}'`,
    );
  },
};

/** JSON, or sections of `key = value` with keys in lower case. */
function parseFact(text: string, path: string): Data {
  try {
    return JSON.parse(text) as Data;
  } catch {
    return parseSections(text, path);
  }
}

function parseSections(text: string, path: string): Data {
  const read = <T>(as: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      const said = as === "ini" ? ` (${error.message})` : "";
      throw new UnreadableFact(
        `error loading facts as ${as} - please check content: ${path}${said}`,
      );
    }
  };
  const ini = read("JSON or ini", () => parseIni(text));
  const sections: Record<string, Record<string, string>> = {};
  for (const name of ini.sections.keys()) {
    const values: Record<string, string> = {};
    const section = iniSection(ini, name) ?? new Map<string, string | null>();
    for (const [key, value] of section) {
      values[key] = read("ini", () => interpolateIni(value ?? "", key, name, section));
    }
    sections[name] = values;
  }
  return sections;
}
