/**
 * `ansible.builtin.uri`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/uri_module.html
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dumpJson } from "../../template/python/json-dump.ts";
import { loadJson } from "../../template/python/json-load.ts";
import { PyFloat } from "../../values/model.ts";
import { fromJson, str } from "../../values/python.ts";
import { ATTRIBUTE_OPTIONS, applyAttributes, wantedAttributes } from "../lib/attributes.ts";
import { decodeBytes, encodeText, pathWord, word } from "../lib/bytes.ts";
import { toData } from "../lib/data.ts";
import { fail, failing } from "../lib/failure.ts";
import { fetchBody, type HttpAnswer, headerOf, type Redirects } from "../lib/http.ts";
import { flagOption, listOption, numberOption, textOption } from "../lib/option-values.ts";
import { baseOf, expandPaths, globWord } from "../lib/paths.ts";
import { sourceOfBytes } from "../lib/source.ts";
import { Fields, pathInfo, type Status } from "../lib/status.ts";
import { requestOf, URL_OPTIONS } from "../lib/url-options.ts";
import { replaceFile } from "../lib/write.ts";
import type {
  Arguments,
  Data,
  KeyInput,
  ModuleContext,
  ModuleResult,
  ModuleSpec,
} from "../module.ts";

export const spec = {
  name: "ansible.builtin.uri",
  summary: "Talks to a web service",
  options: {
    ...URL_OPTIONS,
    url_username: { ...URL_OPTIONS.url_username, aliases: ["user"] },
    url_password: { ...URL_OPTIONS.url_password, aliases: ["password"] },
    dest: { type: "path", description: "File or directory for the answer." },
    body: { type: "raw", description: "What to send." },
    body_format: {
      type: "str",
      choices: ["form-urlencoded", "json", "raw", "form-multipart"],
      default: "raw",
      description: "How `body` is written.",
    },
    src: { type: "path", description: "A file to send." },
    remote_src: { type: "bool", default: false, description: "`src` is a file of the target." },
    method: { type: "str", default: "GET", description: "The HTTP method." },
    return_content: { type: "bool", default: false, description: "Return what came." },
    follow_redirects: {
      type: "str",
      choices: ["all", "no", "none", "safe", "urllib2", "yes"],
      default: "safe",
      description: "Whether to follow redirects: `safe` does for GET and HEAD.",
    },
    creates: { type: "path", description: "File or pattern: if it exists, nothing is asked." },
    removes: {
      type: "path",
      description: "File or pattern: if it does not exist, nothing is asked.",
    },
    status_code: {
      type: "list",
      elements: "int",
      default: [200],
      description: "HTTP statuses that mean success.",
    },
    timeout: {
      type: "int",
      default: 30,
      description: "Longest time without progress, in seconds.",
    },
    headers: { type: "dict", default: {}, description: "Further headers." },
    unix_socket: { type: "path", description: "Socket of the target to talk through." },
    ca_path: { type: "path", description: "Certificates to trust, a file of the target." },
    ...ATTRIBUTE_OPTIONS,
  },
  mutuallyExclusive: [["body", "src"]],
  checkMode: "skip",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    status: "HTTP status; -1 if there was no answer.",
    url: "Where the answer came from.",
    redirected: "Whether that is another place than was asked.",
    msg: "What the server said.",
    content: "What came, with `return_content` or when it failed.",
    json: "What came, read as JSON.",
    cookies: "Cookies that were set.",
    cookies_string: "The same as one text.",
    path: "The file that was written.",
    elapsed: "Seconds that it took.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) {
      const msg = "remote module (ansible.builtin.uri) does not support check mode";
      return { changed: false, skipped: true, msg };
    }
    const args = await expandPaths(context, spec, given);
    const url = textOption(args, "url") ?? "";
    if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(url)) {
      fail(`unknown url type: '${url}'`, { url, status: -1 });
    }
    const skip = await unneeded(context, args);
    if (skip !== undefined) return { stdout: skip, changed: false, stdout_lines: [skip] };
    const begun = Date.now();
    const dest = textOption(args, "dest");
    const place = dest === undefined ? undefined : await lookAt(context, dest, url);
    const { body, contentType } = await bodyOf(context, args);
    const method = (textOption(args, "method") ?? "GET").toUpperCase();
    const headers: [string, string][] = [];
    const given_ = Object.keys((args.headers ?? {}) as object).map((name) => name.toLowerCase());
    if (contentType !== undefined && !given_.includes("content-type")) {
      headers.push(["Content-Type", contentType]);
    }
    if (place?.status && place.isNamed && !flagOption(args, "force")) {
      headers.push(["If-Modified-Since", new Date(place.status.modified * 1000).toUTCString()]);
    }
    const answer = await fetchBody(
      context,
      requestOf(args, {
        method,
        headers,
        body,
        redirects: redirects(textOption(args, "follow_redirects") ?? "safe"),
        timeout: numberOption(args, "timeout") ?? 30,
        caPath: textOption(args, "ca_path"),
        unixSocket: textOption(args, "unix_socket"),
      }),
    );
    return result(context, args, answer, place, method, Math.floor((Date.now() - begun) / 1000));
  },
);

async function unneeded(context: ModuleContext, args: Arguments): Promise<string | undefined> {
  const exists = async (pattern: string) =>
    (
      await context.sh(
        `for g in ${globWord(pattern)}; do if [ -e "$g" ] || [ -h "$g" ]; then exit 0; fi; done; exit 1`,
      )
    ).rc === 0;
  const creates = textOption(args, "creates");
  if (creates && (await exists(creates))) return `skipped, since '${creates}' exists`;
  const removes = textOption(args, "removes");
  if (removes && !(await exists(removes))) return `skipped, since '${removes}' does not exist`;
  return undefined;
}

async function lookAt(context: ModuleContext, dest: string, url: string) {
  const name = baseOf(new URL(url).pathname) || "index.html";
  const script = `p=${pathWord(dest)}; d=f; if [ -d "$p" ]; then d=d; p=\${p%/}/${word(name)}; fi; printf '%s\\0%s\\0' "$d" "$p"; lb_st "$p" L`;
  const fields = new Fields((await context.sh(script)).stdout);
  const isNamed = fields.text() === "f";
  const path = fields.text();
  return { path, status: fields.status(), isNamed };
}

function redirects(word_: string): Redirects {
  if (word_ === "all" || word_ === "yes") return "all";
  return word_ === "no" || word_ === "none" ? "none" : "safe";
}

interface Body {
  readonly body: Buffer | undefined;
  readonly contentType: string | undefined;
}

/** What is sent, and its type. */
async function bodyOf(context: ModuleContext, args: Arguments): Promise<Body> {
  const form = "application/x-www-form-urlencoded";
  const src = textOption(args, "src");
  if (src !== undefined) {
    if (!flagOption(args, "remote_src")) {
      return { body: await readLocal(context, src), contentType: form };
    }
    const result = await context.sh(`cat ${pathWord(src)}`);
    if (result.rc !== 0) fail(`Unable to open source file ${src}`);
    return { body: result.stdout, contentType: form };
  }
  const body = args.body ?? undefined;
  if (body === undefined || body === "") return { body: undefined, contentType: undefined };
  switch (textOption(args, "body_format")) {
    case "json": {
      const text = typeof body === "string" ? body : dumpJson(fromJson(body));
      return { body: encodeText(text), contentType: "application/json" };
    }
    case "form-urlencoded":
      return {
        body: encodeText(typeof body === "string" ? body : urlEncode(body)),
        contentType: form,
      };
    case "form-multipart":
      return multipart(context, body);
    default: {
      const isText = typeof body === "string";
      return { body: encodeText(isText ? body : str(fromJson(body))), contentType: form };
    }
  }
}

async function readLocal(context: ModuleContext, src: string): Promise<Buffer> {
  try {
    return await readFile(await context.controller.find("files", src));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** Python's `urlencode` with `doseq`. */
function urlEncode(body: Data): string {
  const pairs: [string, string][] = [];
  const add = (key: string, value: Data) => {
    if (Array.isArray(value)) for (const item of value as readonly Data[]) add(key, item);
    else pairs.push([key, str(fromJson(value))]);
  };
  if (Array.isArray(body)) {
    for (const item of body as readonly Data[]) {
      if (Array.isArray(item)) add(String(item[0]), (item[1] ?? null) as Data);
    }
  } else for (const [key, value] of Object.entries(body as Record<string, Data>)) add(key, value);
  const encode = (text: string) =>
    encodeURIComponent(text)
      .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+");
  return pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
}

/** Each value is a text, or a dict with `filename` or `content` and `mime_type`. */
async function multipart(context: ModuleContext, body: Data): Promise<Body> {
  if (typeof body !== "object" || body === null || Array.isArray(body) || body instanceof PyFloat) {
    return fail("failed to parse body as form-multipart: a dict is needed");
  }
  const boundary = `layerbook-${randomBytes(16).toString("hex")}`;
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(body)) {
    const lines = [`--${boundary}`];
    let content: Buffer;
    if (
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      !(value instanceof PyFloat)
    ) {
      const field = value as Record<string, Data>;
      const file = typeof field.filename === "string" ? field.filename : undefined;
      content =
        field.content === undefined && file !== undefined
          ? await readLocal(context, file)
          : encodeText(String(field.content ?? ""));
      const named = file === undefined ? "" : `; filename="${baseOf(file)}"`;
      lines.push(`Content-Disposition: form-data; name="${name}"${named}`);
      const type =
        field.mime_type ?? (file === undefined ? "text/plain" : "application/octet-stream");
      lines.push(`Content-Type: ${String(type)}`);
    } else {
      content = encodeText(str(fromJson(value ?? null)));
      lines.push(`Content-Disposition: form-data; name="${name}"`);
    }
    parts.push(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), content, Buffer.from("\r\n"));
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return {
    body: Buffer.concat(parts),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

async function result(
  context: ModuleContext,
  args: Arguments,
  answer: HttpAnswer,
  place: { readonly path: string; readonly status: Status | undefined } | undefined,
  method: string,
  elapsed: number,
): Promise<ModuleResult> {
  const statuses = (listOption(args, "status_code") ?? ["200"]).map(Number);
  const isOk = statuses.includes(answer.status);
  const content = decodeBytes(answer.body);
  const returns = flagOption(args, "return_content") ?? false;
  const fields: Record<string, Data> = {};
  if (returns && answer.status !== -1) fields.content = content;
  Object.assign(fields, { redirected: answer.redirected, url: answer.url, status: answer.status });
  for (const [name, value] of answer.headers) fields[name.replaceAll("-", "_")] = value;
  if (typeof fields.location === "string") {
    fields.location = new URL(fields.location, answer.url).href;
  }
  if (answer.status >= 200 && answer.status < 300) Object.assign(fields, cookies(answer));
  const message = messageOf(answer, method);
  let changed = false;
  let status = place?.status;
  if (place && answer.status !== 304 && isOk) {
    changed = true;
    const source = sourceOfBytes(answer.body);
    const looked = await context.sh(
      `lb_st ${pathWord(place.path)} L; lb_sum ${pathWord(place.path)} ${source.size}`,
    );
    const seen = new Fields(looked.stdout);
    status = seen.status();
    const wanted = wantedAttributes(args);
    if (status && seen.text().slice(0, 40) === source.sha1) {
      const change = await applyAttributes(context, place.path, status, wanted);
      status = change.status;
    } else {
      const replaced = await replaceFile(context, {
        path: place.path,
        content: answer.body,
        existing: status,
        wanted,
      });
      status = replaced.status;
    }
  }
  const json = isOk ? jsonOf(answer, content) : undefined;
  return {
    ...fields,
    ...(json === undefined ? {} : { json }),
    elapsed,
    changed,
    ...(place ? { path: place.path } : {}),
    msg: isOk
      ? message
      : `Status code was ${answer.status} and not [${statuses.join(", ")}]: ${message}`,
    ...pathInfo(status),
    ...(isOk ? {} : { failed: true }),
  };
}

function messageOf(answer: HttpAnswer, method: string): string {
  if (answer.problem) return answer.problem;
  if (answer.status >= 200 && answer.status < 300) {
    const length = headerOf(answer, "content-length") ?? "unknown";
    return `OK (${method === "HEAD" ? (headerOf(answer, "content-length") ?? "unknown") : length} bytes)`;
  }
  return `HTTP Error ${answer.status}: ${answer.reason}`;
}

function cookies(answer: HttpAnswer): Record<string, Data> {
  const set = answer.headers.flatMap(([name, value]) => {
    const pair = name === "set-cookie" ? /^([^=;]+)=([^;]*)/.exec(value) : null;
    return pair ? [[pair[1] ?? "", pair[2] ?? ""] as const] : [];
  });
  return {
    cookies_string: set.map(([name, value]) => `${name}=${value}`).join("; "),
    cookies: Object.fromEntries(set),
  };
}

/** What came as data, when the server says that it is JSON. */
function jsonOf(answer: HttpAnswer, content: string): Data | undefined {
  const type = (headerOf(answer, "content-type") ?? "").split(";")[0]?.trim() ?? "";
  const isJson = /(?:^|[/+.])(?:json|javascript)$/.test(type) || type.endsWith("+json");
  if (!isJson || content === "") return undefined;
  try {
    return toData(loadJson(content));
  } catch {
    return undefined;
  }
}

/** A file of the controller that is sent. */
export async function inputs(
  context: ModuleContext,
  args: Arguments,
): Promise<readonly KeyInput[]> {
  const src = textOption(args, "src");
  if (src === undefined || flagOption(args, "remote_src")) return [];
  return [{ kind: "path", path: await context.controller.find("files", src) }];
}
