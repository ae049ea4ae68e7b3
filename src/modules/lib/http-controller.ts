/** HTTP from the controller, for targets that have no client. */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { connect as tlsConnect } from "node:tls";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Input } from "../module.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";

export interface Proxies {
  readonly http: string;
  readonly https: string;
  readonly no: string;
}

interface Request extends HttpRequest {
  readonly proxies?: Proxies | undefined;
}

/**
 * Makes a request.
 * @param deliver takes the body; without it the body is returned
 */
export async function fetchFromController(
  request: Request,
  deliver: ((body: Input) => Promise<void>) | undefined,
): Promise<{ readonly response: HttpResponse; readonly body: Buffer }> {
  let url = new URL(request.url);
  let redirected = false;
  try {
    for (let step = 0; ; step++) {
      const message = await send(request, url);
      const status = message.statusCode ?? 0;
      const location = message.headers.location;
      const follows =
        request.redirects === "all" ||
        (request.redirects === "safe" && ["GET", "HEAD"].includes(request.method));
      if (location !== undefined && status >= 300 && status < 400 && follows && step < 10) {
        message.resume();
        url = new URL(location, url);
        redirected = true;
        continue;
      }
      const response: HttpResponse = {
        status,
        reason: message.statusMessage ?? "",
        url: url.href,
        headers: pairs(message),
        redirected,
      };
      return { response, body: await receive(message, deliver) };
    }
  } catch (error) {
    const problem = describe(error);
    const response = { status: -1, reason: "", url: url.href, headers: [], redirected, problem };
    return { response, body: Buffer.alloc(0) };
  }
}

function describe(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  if (code === "ECONNREFUSED")
    return "Request failed: <urlopen error [Errno 111] Connection refused>";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return "Request failed: <urlopen error [Errno -2] Name or service not known>";
  }
  if (message === "timed out") return "Connection failure: timed out";
  return `Request failed: <urlopen error ${message}>`;
}

function pairs(message: IncomingMessage): (readonly [string, string])[] {
  const raw = message.rawHeaders;
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? ""] as const] : [],
  );
}

async function send(request: Request, url: URL): Promise<IncomingMessage> {
  const headers: Record<string, string | string[]> = {
    "User-Agent": request.agent,
    "Accept-Encoding": "gzip, deflate, br",
    Connection: "close",
  };
  for (const [name, value] of request.headers) headers[name] = value;
  if (request.body) headers["Content-Length"] = String(request.body.length);
  const sameHost = url.host === new URL(request.url).host;
  if (request.user !== undefined && sameHost) {
    const pair = Buffer.from(`${request.user}:${request.password ?? ""}`).toString("base64");
    headers.Authorization = `Basic ${pair}`;
  }
  const tls = { rejectUnauthorized: request.validateCerts };
  const proxy = proxyFor(request.proxies, url);
  const socket = proxy && url.protocol === "https:" ? await tunnel(proxy, url, tls) : undefined;
  const options = { method: request.method, headers, ...tls };
  return new Promise((resolve, reject) => {
    const outgoing =
      proxy && url.protocol === "http:"
        ? httpRequest(
            {
              ...options,
              host: proxy.hostname,
              port: proxy.port || 80,
              path: url.href,
              headers: { ...headers, Host: url.host },
            },
            resolve,
          )
        : url.protocol === "https:"
          ? httpsRequest(
              url,
              { ...options, ...(socket ? { createConnection: () => socket } : {}) },
              resolve,
            )
          : httpRequest(url, options, resolve);
    outgoing.setTimeout(request.timeout * 1000, () => outgoing.destroy(new Error("timed out")));
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

function proxyFor(proxies: Proxies | undefined, url: URL): URL | undefined {
  const name = url.protocol === "https:" ? proxies?.https : proxies?.http;
  if (!name) return undefined;
  const excepted = (proxies?.no ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter(Boolean);
  const isExcepted = excepted.some((host) => {
    const bare = host.replace(/^\*?\./, "");
    return host === "*" || url.hostname === bare || url.hostname.endsWith(`.${bare}`);
  });
  return isExcepted ? undefined : new URL(name.includes("://") ? name : `http://${name}`);
}

/** A TLS connection through a proxy's CONNECT. */
function tunnel(
  proxy: URL,
  url: URL,
  tls: { readonly rejectUnauthorized: boolean },
): Promise<ReturnType<typeof tlsConnect>> {
  const target = `${url.hostname}:${url.port || 443}`;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: "CONNECT",
      path: target,
      headers: { Host: target },
    });
    outgoing.on("connect", (answer, socket) => {
      if (answer.statusCode !== 200) {
        reject(new Error(`the proxy answered ${answer.statusCode}`));
        return;
      }
      const secure = tlsConnect({ socket, servername: url.hostname, ...tls }, () =>
        resolve(secure),
      );
      secure.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function receive(
  message: IncomingMessage,
  deliver: ((body: Input) => Promise<void>) | undefined,
): Promise<Buffer> {
  const encoding = message.headers["content-encoding"];
  const decoder =
    encoding === "gzip" || encoding === "x-gzip"
      ? createGunzip()
      : encoding === "deflate"
        ? createInflate()
        : encoding === "br"
          ? createBrotliDecompress()
          : undefined;
  const body = decoder ? message.pipe(decoder) : message;
  if (!deliver) {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  const directory = await mkdtemp(join(tmpdir(), "layerbook-http-"));
  try {
    const path = join(directory, "body");
    await pipeline(body, createWriteStream(path));
    await deliver({ path });
  } finally {
    await rm(directory, { recursive: true });
  }
  return Buffer.alloc(0);
}
