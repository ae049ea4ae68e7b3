/**
 * HTTP for modules. A request is made in the target where that has curl: from there the network is
 * what the playbook means. Otherwise the controller makes it and hands over what it got.
 */

import type { ModuleContext } from "../module.ts";
import { encodeText, pathWord, word } from "./bytes.ts";
import { fail } from "./failure.ts";
import { fetchFromController } from "./http-controller.ts";

export type Redirects = "all" | "safe" | "none";

export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Buffer | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Seconds without progress. */
  readonly timeout: number;
  readonly redirects: Redirects;
  readonly validateCerts: boolean;
  readonly useProxy: boolean;
  readonly agent: string;
  readonly caPath?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly unixSocket?: string | undefined;
}

export interface HttpResponse {
  /** -1: there was none. */
  readonly status: number;
  readonly reason: string;
  /** Where it came from, after redirects. */
  readonly url: string;
  /** Of the last answer; names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly redirected: boolean;
  /** Why there was no answer. */
  readonly problem?: string;
}

/** The body, when it was not written to a file. */
export interface HttpAnswer extends HttpResponse {
  readonly body: Buffer;
}

/** A request whose answer is read. */
export async function fetchBody(context: ModuleContext, request: HttpRequest): Promise<HttpAnswer> {
  if (!(await hasCurl(context))) {
    const { response, body } = await fetchFromController(
      await withProxies(context, request),
      undefined,
    );
    return { ...response, body };
  }
  return runCurl(context, request, undefined);
}

/**
 * A request whose answer goes to a file of the target.
 * @param path an existing directory's file; the mode is 0600
 */
export async function fetchToFile(
  context: ModuleContext,
  request: HttpRequest,
  path: string,
): Promise<HttpResponse> {
  if (await hasCurl(context)) {
    const { body: _, ...response } = await runCurl(context, request, path);
    return response;
  }
  const { response } = await fetchFromController(await withProxies(context, request), (input) =>
    context.sh(`umask 077; cat >${pathWord(path)}`, { stdin: input }).then((result) => {
      if (result.rc !== 0) fail(`could not write ${path}: ${result.stderr.toString().trim()}`);
    }),
  );
  return response;
}

async function hasCurl(context: ModuleContext): Promise<boolean> {
  return (await context.sh("lb_have curl")).rc === 0;
}

/** Proxies are those of the task's environment. */
async function withProxies(context: ModuleContext, request: HttpRequest) {
  if (request.unixSocket !== undefined) {
    fail("the target has no curl, which a request through a unix socket needs");
  }
  if (!request.useProxy) return { ...request, proxies: undefined };
  const result = await context.sh(
    `printf '%s\\0' "\${http_proxy-\${HTTP_PROXY-}}" "\${https_proxy-\${HTTPS_PROXY-}}" "\${no_proxy-\${NO_PROXY-}}"`,
  );
  const [http = "", https = "", no = ""] = result.stdout.toString().split("\0");
  return { ...request, proxies: { http, https, no } };
}

/** One value of a curl configuration file. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}"`;
}

/** Everything that may be secret is in the configuration, which curl reads from a pipe. */
function curlConfiguration(request: HttpRequest, path: string | undefined): string {
  const lines = [
    "silent",
    "show-error",
    "compressed",
    "globoff",
    "suppress-connect-headers",
    `url = ${quoted(request.url)}`,
    `user-agent = ${quoted(request.agent)}`,
    `connect-timeout = ${request.timeout}`,
    `speed-time = ${Math.max(1, request.timeout)}`,
    "speed-limit = 1",
    'write-out = "%{stderr}\\n%{http_code} %{num_redirects} %{url_effective}"',
  ];
  const { method } = request;
  if (method === "HEAD") lines.push("head");
  else if (method !== "GET" || request.body) lines.push(`request = ${quoted(method)}`);
  const follows =
    request.redirects === "all" ||
    (request.redirects === "safe" && (method === "GET" || method === "HEAD"));
  if (follows) lines.push("location", "max-redirs = 10");
  for (const [name, value] of request.headers) {
    lines.push(`header = ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`);
  }
  if (request.body && !request.headers.some(([name]) => name.toLowerCase() === "content-type")) {
    lines.push('header = "Content-Type:"');
  }
  if (request.user !== undefined) {
    lines.push(`user = ${quoted(`${request.user}:${request.password ?? ""}`)}`);
  }
  if (!request.validateCerts) lines.push("insecure");
  if (!request.useProxy) lines.push('noproxy = "*"');
  if (request.caPath !== undefined) lines.push(`cacert = ${quoted(request.caPath)}`);
  if (request.clientCert !== undefined) lines.push(`cert = ${quoted(request.clientCert)}`);
  if (request.clientKey !== undefined) lines.push(`key = ${quoted(request.clientKey)}`);
  if (request.unixSocket !== undefined) lines.push(`unix-socket = ${quoted(request.unixSocket)}`);
  if (request.body) lines.push('data-binary = "@/dev/fd/3"');
  if (path !== undefined) lines.push(`output = ${quoted(path)}`);
  return `${lines.join("\n")}\n`;
}

async function runCurl(
  context: ModuleContext,
  request: HttpRequest,
  path: string | undefined,
): Promise<HttpAnswer> {
  // Headers come on standard output, before the body where that comes there too.
  const include = path === undefined ? "-i" : "-D -";
  const configuration = word(curlConfiguration(request, path));
  const script = `exec 3<&0; umask 077; printf %s ${configuration} | curl -q -K - ${include}`;
  const result = await context.sh(script, request.body ? { stdin: request.body } : undefined);
  const told = result.stderr.toString();
  const end = told.lastIndexOf("\n");
  const [code = "0", redirects = "0", ...rest] = told.slice(end + 1).split(" ");
  const status = Number(code);
  const url = rest.join(" ") || request.url;
  const { blocks, body } = splitAnswer(result.stdout, Number(redirects) + 1);
  const last = (blocks.at(-1) ?? "").trim().split(/\r?\n/);
  const headers = last.slice(1).map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase().trim(), line.slice(at + 1).trim()] as const;
  });
  const reason = /^HTTP\/\S+ \d+ ?(.*)$/.exec(last[0] ?? "")?.[1] || reasonOf(status);
  const known = { url, headers, redirected: Number(redirects) > 0, body };
  if (result.rc !== 0 || status === 0) {
    const isFile = /^(?:file|ftp):/.test(request.url) && result.rc === 0;
    if (isFile) return { ...known, status: 200, reason: "OK" };
    return { ...known, status: -1, reason: "", problem: curlProblem(result.rc, told) };
  }
  return { ...known, status, reason };
}

/** Header blocks of an answer and of the redirects before it, and what follows them. */
function splitAnswer(
  output: Buffer,
  count: number,
): { readonly blocks: string[]; readonly body: Buffer } {
  const blocks: string[] = [];
  let rest = output;
  while (blocks.length < count && rest.subarray(0, 5).toString("latin1") === "HTTP/") {
    const wide = rest.indexOf("\r\n\r\n");
    const narrow = rest.indexOf("\n\n");
    const isWide = wide >= 0 && (narrow < 0 || wide < narrow);
    const at = isWide ? wide : narrow;
    if (at < 0) break;
    const block = rest.subarray(0, at).toString("latin1");
    rest = rest.subarray(at + (isWide ? 4 : 2));
    // `100 Continue` and the like come before the answer itself.
    if (!/^HTTP\/\S+ 1\d\d/.test(block)) blocks.push(block);
  }
  return { blocks, body: rest };
}

function curlProblem(rc: number, told: string): string {
  const said = /curl: \(\d+\) (.*)/.exec(told)?.[1] ?? told.trim();
  switch (rc) {
    case 6:
      return "Request failed: <urlopen error [Errno -2] Name or service not known>";
    case 7:
      return "Request failed: <urlopen error [Errno 111] Connection refused>";
    case 28:
      return "Connection failure: timed out";
    case 35:
    case 60:
      return `Request failed: <urlopen error ${said}>`;
    default:
      return `Request failed: ${said}`;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

/** HTTP/2 has no reasons; these are what HTTP/1.1 says. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? "";
}

/** The value of a header of an answer. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  return response.headers.find(([key]) => key === name)?.[1];
}

/** Bytes of a text body. */
export function bodyBytes(text: string): Buffer {
  return encodeText(text);
}
