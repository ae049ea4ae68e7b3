/** Requests to the Engine API over node:http: versions, errors, streams, hijacked connections. */
import { type Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { type Duplex, Readable } from "node:stream";
import { LayerbookError, messageOf } from "../errors/index.ts";
import type { Environment } from "./config-file.ts";
import { agentFor, dial } from "./dial.ts";
import { type Endpoint, findEndpoint } from "./endpoint.ts";
import { DockerError, DockerUnreachableError, unreachable } from "./errors.ts";

/** The newest version of the API whose answers this client knows, and the oldest. */
const NEWEST = "1.47";
const OLDEST = "1.24";

export type QueryValue = string | number | boolean | undefined | readonly string[];

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  /** Without the version: `/containers/json`. Parts must be encoded ({@link segment}). */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: Uint8Array | Readable;
  readonly signal?: AbortSignal | undefined;
  /** Answered when something happens in a container: no silence is too long. */
  readonly patient?: boolean;
}

/** A connection that has left HTTP behind. */
export interface Hijacked {
  readonly socket: Duplex;
  /** Bytes that came with the answer already. */
  readonly head: Buffer;
  readonly contentType: string;
}

/** One part of a path. Slashes of image names stay: the Engine's routes expect them so. */
export function segment(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%2F", "/")
    .replaceAll("%3A", ":")
    .replaceAll("%40", "@");
}

/** For the agent's key of a connection; how TLS names its peer is told where it is dialled. */
const UNNAMED: { servername: string } = { servername: "" };

export class EngineHttp {
  readonly endpoint: Endpoint;
  readonly #agent: Agent;
  readonly #wanted: string | undefined;
  readonly #timeoutMs: number | undefined;
  #version: Promise<string> | undefined;

  /** @param timeoutMs how long the daemon may be silent on a request; default: for ever */
  constructor(
    env: Environment = process.env,
    endpoint: Endpoint = findEndpoint(env),
    timeoutMs?: number,
  ) {
    this.#timeoutMs = timeoutMs;
    this.endpoint = endpoint;
    this.#agent = agentFor(endpoint);
    this.#wanted = env.DOCKER_API_VERSION?.replace(/^v/, "") || undefined;
  }

  /**
   * The version that requests are made in: `DOCKER_API_VERSION`, else the newest that both sides know.
   * @throws DockerUnreachableError when no daemon answers
   */
  version(): Promise<string> {
    this.#version ??= (this.#wanted ? Promise.resolve(this.#wanted) : this.#negotiate()).catch(
      (error) => {
        // A daemon that comes up later gets its chance.
        this.#version = undefined;
        throw error;
      },
    );
    return this.#version;
  }

  /** The answer's stream. @throws DockerError for a status of 400 and above */
  async stream(options: Request): Promise<IncomingMessage> {
    const path = `/v${await this.version()}${options.path}${queryText(options.query)}`;
    const response = await this.#send(options, path);
    return checked(response, options);
  }

  /** The answer's JSON; `undefined` for an empty one. */
  async json<T>(options: Request): Promise<T> {
    const text = await textOf(await this.stream(options));
    try {
      return (text === "" ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      throw new LayerbookError(
        `the answer of ${this.endpoint.url} to ${options.method} ${options.path} is no JSON: ${messageOf(error)}`,
        { hint: "Is it a Docker daemon that answers there?" },
      );
    }
  }

  /** Sends, and throws the answer away. */
  async send(options: Request): Promise<void> {
    await textOf(await this.stream(options));
  }

  /** Turns the connection into a raw stream (`/exec/{id}/start`, `/containers/{id}/attach`). */
  async hijack(options: Request): Promise<Hijacked> {
    const path = `/v${await this.version()}${options.path}${queryText(options.query)}`;
    const data = options.json === undefined ? "" : JSON.stringify(options.json);
    return new Promise((resolve, reject) => {
      const outgoing = request({
        createConnection: () => dial(this.endpoint) as ReturnType<Agent["createConnection"]>,
        method: options.method,
        path,
        headers: {
          Host: "docker",
          Connection: "Upgrade",
          Upgrade: "tcp",
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(data),
        },
        ...(options.signal ? { signal: options.signal } : {}),
      });
      outgoing.on("upgrade", (response: IncomingMessage, socket: Duplex, head: Buffer) => {
        resolve({ socket, head, contentType: response.headers["content-type"] ?? "" });
      });
      outgoing.on("response", (response) => {
        checked(response, options).then(
          () =>
            reject(
              new DockerError(response.statusCode ?? 0, "the connection was not upgraded", path),
            ),
          reject,
        );
      });
      outgoing.on("error", (error) => reject(this.#problem(error, options.signal)));
      outgoing.end(data);
    });
  }

  /** `/_ping`, which is outside of the versions. Answers the headers. */
  async ping(signal?: AbortSignal): Promise<IncomingMessage["headers"]> {
    const options: Request = { method: "GET", path: "/_ping", signal };
    const response = await checked(await this.#send(options, "/_ping"), options);
    response.resume();
    return response.headers;
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #negotiate(): Promise<string> {
    const theirs = String((await this.ping())["api-version"] ?? OLDEST);
    if (compareVersions(theirs, OLDEST) < 0) {
      throw new DockerUnreachableError(
        `the Docker daemon at ${this.endpoint.url} speaks version ${theirs} of the API; at least ${OLDEST} is needed`,
        { hint: "Update Docker on that host." },
      );
    }
    return compareVersions(theirs, NEWEST) < 0 ? theirs : NEWEST;
  }

  #send(options: Request, path: string, again = true): Promise<IncomingMessage> {
    const { json, body, signal } = options;
    const data = json === undefined ? body : Buffer.from(JSON.stringify(json));
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent: this.#agent,
        // Else Node would look whether the host's name is an address, which costs milliseconds once.
        ...UNNAMED,
        method: options.method,
        path,
        headers: {
          Host: "docker",
          ...(json === undefined ? {} : { "Content-Type": "application/json" }),
          ...(data instanceof Uint8Array
            ? { "Content-Length": data.length }
            : data || options.method === "GET"
              ? {}
              : { "Content-Length": 0 }),
          ...options.headers,
        },
        ...(signal ? { signal } : {}),
      });
      let answered = false;
      const timeout = this.#timeoutMs;
      if (timeout !== undefined && !options.patient) {
        outgoing.setTimeout(timeout, () => {
          const silent = new Error(`no answer within ${timeout / 1000} s`);
          outgoing.destroy(Object.assign(silent, { code: "ETIMEDOUT" }));
        });
      }
      outgoing.on("response", (response) => {
        answered = true;
        // What follows may take its time: a step of a build says nothing while it compiles.
        outgoing.setTimeout(0);
        // An early refusal: nobody reads the rest of what is being sent.
        if (data instanceof Readable && (response.statusCode ?? 0) >= 400) data.destroy();
        resolve(response);
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        if (answered) return;
        // The daemon closed an idle connection just when it was taken up again.
        const stale = outgoing.reusedSocket && error.code === "ECONNRESET";
        if (stale && again && !(data instanceof Readable)) {
          resolve(this.#send(options, path, false));
        } else {
          if (data instanceof Readable) data.destroy();
          reject(this.#problem(error, signal));
        }
      });
      if (data instanceof Readable && data.errored) {
        outgoing.destroy();
        reject(data.errored);
      } else if (data instanceof Readable) {
        data.on("error", (error) => {
          outgoing.destroy();
          reject(error);
        });
        data.pipe(outgoing);
      } else {
        outgoing.end(data);
      }
    });
  }

  #problem(error: NodeJS.ErrnoException, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    return unreachable(this.endpoint.url, error, this.endpoint.source);
  }
}

async function checked(response: IncomingMessage, options: Request): Promise<IncomingMessage> {
  const status = response.statusCode ?? 0;
  if (status < 400) return response;
  const text = await textOf(response);
  let message = text.trim();
  try {
    const data = JSON.parse(text) as { message?: string; cause?: string };
    message = data.message ?? message;
  } catch {
    // Old daemons and proxies answer plain text.
  }
  throw new DockerError(status, message, `${options.method} ${options.path}`);
}

export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split(".").map(Number));
  return (x?.[0] ?? 0) - (y?.[0] ?? 0) || (x?.[1] ?? 0) - (y?.[1] ?? 0);
}

function queryText(query: Request["query"]): string {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const item of value) parts.append(key, item);
    else parts.append(key, String(value));
  }
  const text = parts.toString();
  return text === "" ? "" : `?${text}`;
}
