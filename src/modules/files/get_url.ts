/**
 * `ansible.builtin.get_url`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/get_url_module.html
 */
import { randomBytes } from "node:crypto";
import {
  ATTRIBUTE_OPTIONS,
  applyAttributes,
  unsafeWrites,
  wantedAttributes,
} from "../lib/attributes.ts";
import { pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { fetchBody, fetchToFile, type HttpResponse, headerOf } from "../lib/http.ts";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import { baseOf, directoryOf, expandPaths, joinPath } from "../lib/paths.ts";
import { Fields, pathInfo, type Status } from "../lib/status.ts";
import { requestOf, URL_OPTIONS } from "../lib/url-options.ts";
import { replaceFile } from "../lib/write.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.get_url",
  summary: "Downloads a file to the target",
  options: {
    ...URL_OPTIONS,
    force: { ...URL_OPTIONS.force, aliases: ["thirsty"] },
    url_username: { ...URL_OPTIONS.url_username, aliases: ["username"] },
    url_password: { ...URL_OPTIONS.url_password, aliases: ["password"] },
    dest: { type: "path", required: true, description: "The file, or a directory for it." },
    backup: { type: "bool", default: false, description: "Keep the file that is replaced." },
    checksum: {
      type: "str",
      default: "",
      description: "`algorithm:digest`, or `algorithm:URL` of a list of digests.",
    },
    sha256sum: { type: "str", description: "Older form of `checksum`." },
    timeout: {
      type: "int",
      default: 10,
      description: "Longest time without progress, in seconds.",
    },
    headers: { type: "dict", description: "Further headers." },
    tmp_dest: {
      type: "path",
      description: "Directory for the download before it is put in place.",
    },
    ...ATTRIBUTE_OPTIONS,
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    url: "Where it came from.",
    dest: "The file.",
    status_code: "HTTP status.",
    msg: "What the server said.",
    checksum_src: "SHA-1 of what was downloaded.",
    checksum_dest: "SHA-1 of what was there.",
    md5sum: "MD5 of what was downloaded.",
    backup_file: "Name of the copy of what was replaced.",
    elapsed: "Seconds that it took.",
    src: "Temporary name of the download.",
    size: "Size in bytes.",
  },
} as const satisfies ModuleSpec;

interface Checksum {
  readonly algorithm: string;
  readonly digest: string;
}

const ALGORITHMS = new Set(["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]);

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const begun = Date.now();
    const url = textOption(args, "url") ?? "";
    if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(url)) fail(`unknown url type: '${url}'`, { url });
    const dest = textOption(args, "dest") ?? "";
    const place = await lookAt(context, dest, nameInUrl(url));
    const checksum = await wantedChecksum(
      context,
      args,
      place.isDirectory ? nameInUrl(url) : baseOf(dest),
    );
    const wanted = wantedAttributes(args);
    const elapsed = () => Math.floor((Date.now() - begun) / 1000);
    const present = place.isDirectory && !place.hasName ? undefined : place.status;
    if (present?.kind === "file" && checksum && !flagOption(args, "force")) {
      const sum = await digest(context, place.path, checksum.algorithm);
      if (sum === checksum.digest) {
        const change = await applyAttributes(context, place.path, present, wanted);
        return {
          msg: change.changed
            ? "file already exists but file attributes changed"
            : "file already exists",
          changed: change.changed,
          checksum_dest: null,
          checksum_src: null,
          dest: place.path,
          elapsed: elapsed(),
          url,
          ...pathInfo(change.status),
        };
      }
    }
    const conditional =
      present?.kind === "file" && !place.isDirectory && !flagOption(args, "force") && !checksum;
    const since = conditional
      ? [["If-Modified-Since", new Date(present.modified * 1000).toUTCString()] as const]
      : [];
    const timeout = numberOption(args, "timeout") ?? 10;
    const request = requestOf(args, { headers: since, timeout });
    if (context.checkMode) {
      const answer = await fetchBody(context, { ...request, method: "HEAD" });
      if (answer.status !== 304)
        failUnlessOk(answer, { url, dest: place.path, elapsed: elapsed() }, present);
      return {
        changed: answer.status !== 304,
        msg: message(answer),
        status_code: answer.status,
        dest: place.path,
        url,
        elapsed: elapsed(),
        ...pathInfo(present),
      };
    }
    const where = textOption(args, "tmp_dest") ?? directoryOf(place.path);
    const temporary = joinPath(where, `.lb-${randomBytes(6).toString("hex")}`);
    if (!place.hasParent) {
      const { problem, status } = await fetchBody(context, { ...request, method: "HEAD" });
      if (problem) fail(problem, { url, dest, elapsed: elapsed() });
      void status;
      fail(`Destination ${directoryOf(place.path)} does not exist`, {
        url,
        dest,
        elapsed: elapsed(),
      });
    }
    const answer = await fetchToFile(context, request, temporary);
    const known = { url, dest: place.path, elapsed: elapsed() };
    if (answer.status !== 200) {
      await context.sh(`rm -f ${pathWord(temporary)}`);
      if (answer.status !== 304) failUnlessOk(answer, known, present);
      const change = present
        ? await applyAttributes(context, place.path, present, wanted)
        : undefined;
      return {
        ...known,
        changed: change?.changed ?? false,
        msg: message(answer),
        status_code: 304,
        ...pathInfo(change?.status),
      };
    }
    const named = place.isDirectory ? await renamed(context, place, dest, answer) : place;
    return settle(
      context,
      args,
      { ...known, dest: named.path },
      named,
      temporary,
      answer,
      checksum,
    );
  },
);

interface Place {
  readonly path: string;
  readonly status: Status | undefined;
  /** `dest` is a directory; the name in it comes from the server or the address. */
  readonly isDirectory: boolean;
  /** In that directory there is a file of that name. */
  readonly hasName: boolean;
  readonly hasParent: boolean;
}

async function lookAt(context: ModuleContext, dest: string, name: string): Promise<Place> {
  const result = await context.sh(
    `p=${pathWord(dest)}; k=f; if [ -d "$p" ]; then k=d; p=\${p%/}/${word(name)}; fi
if [ -h "$p" ]; then p=$(readlink -f "$p"); fi
printf '%s\\0%s\\0' "$k" "$p"; lb_st "$p"; case $p in */*) d=\${p%/*}/ ;; *) d=. ;; esac; [ -d "$d" ] || printf n`,
  );
  const fields = new Fields(result.stdout);
  const isDirectory = fields.text() === "d";
  const path = fields.text();
  const status = fields.status();
  return {
    path,
    status,
    isDirectory,
    hasName: status !== undefined,
    hasParent: fields.rest().length === 0,
  };
}

/** A name in the server's answer comes before the one in the address. */
async function renamed(
  context: ModuleContext,
  place: Place,
  directory: string,
  answer: HttpResponse,
): Promise<Place> {
  const disposition = headerOf(answer, "content-disposition") ?? "";
  const told = /filename\*?=(?:UTF-8'')?"?([^";]+)"?/i.exec(disposition)?.[1]?.trim();
  const name = told ? baseOf(decodeURIComponent(told)) : nameInUrl(answer.url);
  return name === baseOf(place.path) ? place : lookAt(context, joinPath(directory, name), name);
}

function nameInUrl(url: string): string {
  try {
    const path = decodeURIComponent(new URL(url).pathname);
    return baseOf(path) || "index.html";
  } catch {
    return "index.html";
  }
}

async function wantedChecksum(
  context: ModuleContext,
  args: Arguments,
  name: string,
): Promise<Checksum | undefined> {
  const old = textOption(args, "sha256sum");
  const text = textOption(args, "checksum") || (old ? `sha256:${old}` : "");
  if (text === "") return undefined;
  const at = text.indexOf(":");
  const algorithm = text.slice(0, at).trim().toLowerCase();
  const rest = text.slice(at + 1).trim();
  if (at < 0) {
    return fail("The checksum parameter has to be in format <algorithm>:<checksum>", {
      elapsed: 0,
    });
  }
  if (!ALGORITHMS.has(algorithm)) {
    return fail(`The checksum algorithm '${algorithm}' is not supported`, { elapsed: 0 });
  }
  if (!/^(?:https?|ftp|file):\/\//.test(rest)) {
    const value = rest.replace(/\W+/g, "").toLowerCase();
    if (!/^[0-9a-f]+$/.test(value)) fail("The checksum format is invalid", { elapsed: 0 });
    return { algorithm, digest: value };
  }
  const timeout = numberOption(args, "timeout") ?? 10;
  const list = await fetchBody(context, requestOf({ ...args, url: rest }, { timeout }));
  if (list.status !== 200) {
    fail(`Unable to download checksum file from ${rest}: ${message(list)}`, { url: rest });
  }
  return {
    algorithm,
    digest: digestInList(
      list.body.toString(),
      name,
      rest,
      nameInUrl(textOption(args, "url") ?? ""),
    ),
  };
}

/** A list has lines `digest  name` or `digest *name`; or the file is one digest alone. */
function digestInList(text: string, name: string, url: string, urlName: string): string {
  const rows = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const alone = rows.length === 1 ? /^([0-9a-fA-F]+)$/.exec(rows[0] ?? "") : null;
  if (alone?.[1]) return alone[1].toLowerCase();
  for (const row of rows) {
    const bsd = /^\w+ \((.*)\) = ([0-9a-fA-F]+)$/.exec(row);
    const gnu = /^([0-9a-fA-F]+)\s+\*?(.*)$/.exec(row);
    const [found, sum] = bsd ? [bsd[1], bsd[2]] : [gnu?.[2], gnu?.[1]];
    const bare = found?.replace(/^\.\//, "");
    if (sum && bare && (bare === urlName || bare === name)) return sum.toLowerCase();
  }
  return fail(`Unable to find a checksum for file '${urlName}' in '${url}'`);
}

async function digest(
  context: ModuleContext,
  path: string,
  algorithm: string,
): Promise<string | undefined> {
  const result = await context.sh(`${algorithm}sum <${pathWord(path)}`);
  return result.rc === 0 ? result.stdout.toString().split(" ")[0] : undefined;
}

function message(answer: HttpResponse): string {
  if (answer.problem) return answer.problem;
  if (answer.status === 200) return `OK (${headerOf(answer, "content-length") ?? "unknown"} bytes)`;
  return `HTTP Error ${answer.status}: ${answer.reason}`;
}

function failUnlessOk(
  answer: HttpResponse,
  known: Readonly<Record<string, Data>>,
  present: Status | undefined,
): void {
  if (answer.status === 200) return;
  if (answer.problem) fail(answer.problem, { ...known, ...pathInfo(present) });
  fail("Request failed", {
    status_code: answer.status,
    response: message(answer),
    ...known,
    ...pathInfo(present),
  });
}

/** Compares what came with what was wanted and with what is there, and puts it in place. */
async function settle(
  context: ModuleContext,
  args: Arguments,
  known: { readonly url: string; readonly dest: string; readonly elapsed: number },
  place: Place,
  temporary: string,
  answer: HttpResponse,
  checksum: Checksum | undefined,
): Promise<ModuleResult> {
  const result = await context.sh(
    `t=${pathWord(temporary)}; p=${pathWord(place.path)}; [ -e "$t" ] || : >"$t"
lb_st "$t"; sha1sum <"$t"; printf '\\0'; md5sum <"$t"; printf '\\0'
[ -f "$p" ] && sha1sum <"$p"; printf '\\0'${checksum ? `; ${checksum.algorithm}sum <"$t"` : ""}`,
  );
  const fields = new Fields(result.stdout);
  const got = fields.status();
  const sha1 = fields.text().slice(0, 40);
  const md5sum = fields.text().slice(0, 32);
  const before = fields.text().slice(0, 40) || null;
  const sum = fields.rest().toString().split(" ")[0] ?? "";
  const told = {
    checksum_dest: before,
    checksum_src: sha1,
    ...known,
    src: temporary,
  };
  const drop = () => context.sh(`rm -f ${pathWord(temporary)}`);
  if (checksum && sum !== checksum.digest) {
    await drop();
    return fail(`The checksum for ${place.path} did not match ${checksum.digest}; it was ${sum}.`, {
      ...told,
      changed: true,
    });
  }
  const wanted = wantedAttributes(args);
  let status = place.status;
  let changed = false;
  let backup: string | undefined;
  if (before === sha1 && status) {
    await drop();
    const change = await applyAttributes(context, place.path, status, wanted);
    changed = change.changed;
    status = change.status;
  } else {
    const replaced = await replaceFile(context, {
      path: place.path,
      content: { movedFrom: temporary },
      existing: status,
      wanted,
      backup: flagOption(args, "backup") ?? false,
      unsafeWrites: unsafeWrites(args),
    });
    changed = true;
    status = replaced.status;
    backup = replaced.backup;
  }
  const length = headerOf(answer, "content-length") ?? String(got?.size ?? "unknown");
  return {
    msg: `OK (${length} bytes)`,
    status_code: answer.status,
    changed,
    ...told,
    md5sum,
    ...(backup === undefined ? {} : { backup_file: backup }),
    ...pathInfo(status),
  };
}
