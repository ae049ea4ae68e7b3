/**
 * Talks to one registry: authorisation, retries with back-off, redirects, errors in words.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Credentials, DOCKER_HUB, findCredentials } from "../../docker/index.ts";
import { EnvironmentError, messageOf } from "../../errors/index.ts";
import { collect } from "../blobs.ts";
import { ImageError } from "../errors.ts";
import { type Challenge, parseChallenge, parseToken } from "./challenge.ts";
import { RegistryHttp } from "./http.ts";

export interface RegistryOptions {
  /** Plain HTTP and certificates that nobody vouches for are accepted. */
  readonly insecure: boolean;
  readonly env: NodeJS.ProcessEnv;
}

export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  /** A path below `/v2/`, or the absolute address that the registry gave. */
  readonly to: string | URL;
  /** `repository:team/web:pull,push`; several for a mount. */
  readonly scopes: readonly string[];
  readonly headers?: OutgoingHttpHeaders;
  /** A function where the body must be made anew for another attempt. */
  readonly body?: Uint8Array | (() => Promise<Readable>);
  /** Statuses that the caller understands; others are errors. */
  readonly expect: readonly number[];
  /** Attempts in all. Default 5. */
  readonly attempts?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The registry's refusal. */
export class RegistryError extends ImageError {
  readonly status: number;

  constructor(status: number, message: string, hint?: string) {
    super(message, { hint });
    this.status = status;
  }
}

const ATTEMPTS = 5;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 30_000;
const RETRY_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const RETRY_CODES = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
]);

export class RegistryClient {
  /** As the user writes it. */
  readonly registry: string;
  readonly #options: RegistryOptions;
  readonly #http: RegistryHttp;
  readonly #authorization = new Map<string, string>();
  #protocol: "https" | "http" = "https";
  #credentials: Promise<Credentials | undefined> | undefined;

  constructor(registry: string, options: RegistryOptions) {
    this.registry = registry;
    this.#options = options;
    this.#http = new RegistryHttp(hostOf(registry), options.insecure);
  }

  /** @throws RegistryError, EnvironmentError (not reachable) */
  async request(request: RegistryRequest): Promise<IncomingMessage> {
    const attempts = request.attempts ?? ATTEMPTS;
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= attempts;
      let wait: number;
      const tried = this.#protocol;
      try {
        const response = await this.#authorized(request);
        const status = response.statusCode ?? 0;
        if (request.expect.includes(status)) return response;
        if (last || !RETRY_STATUS.has(status)) throw await this.#refusal(request, response);
        response.resume();
        wait = retryAfter(response) ?? pause(attempt);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (tried === "https" && this.#speaksPlainHttp(error)) {
          this.#protocol = "http";
          continue;
        }
        if (last || !isTransient(error)) throw this.#unreachable(error);
        wait = pause(attempt);
      }
      await sleep(wait, undefined, request.signal ? { signal: request.signal } : {});
    }
  }

  /** Address of the registry's API. */
  get base(): URL {
    return new URL(`${this.#protocol}://${hostOf(this.registry)}/v2/`);
  }

  close(): void {
    this.#http.close();
  }

  /** Answers one challenge, then the status is the caller's. */
  async #authorized(request: RegistryRequest): Promise<IncomingMessage> {
    const key = request.scopes.join(" ");
    const used = this.#authorization.get(key);
    const first = await this.#redirected(request, used);
    if (first.statusCode !== 401) return first;
    const challenge = parseChallenge(String(first.headers["www-authenticate"] ?? ""));
    if (!challenge) return first;
    const authorization = await this.#answer(challenge, request);
    // Nothing to offer, or the same as before: the refusal stands.
    if (!authorization || authorization === used) return first;
    first.resume();
    this.#authorization.set(key, authorization);
    const second = await this.#redirected(request, authorization);
    if (second.statusCode === 401) this.#authorization.delete(key);
    return second;
  }

  async #redirected(
    request: RegistryRequest,
    authorization: string | undefined,
  ): Promise<IncomingMessage> {
    let url = typeof request.to === "string" ? new URL(request.to, this.base) : request.to;
    const own = url.host;
    for (let hops = 0; ; hops++) {
      const { body } = request;
      const response = await this.#http.exchange({
        method: request.method,
        url,
        headers: {
          ...request.headers,
          // Storage behind the registry gets no token: it has its own in the address.
          ...(authorization && url.host === own ? { Authorization: authorization } : {}),
        },
        body: typeof body === "function" ? await body() : body,
        signal: request.signal,
      });
      const { location } = response.headers;
      const redirects = request.method === "GET" || request.method === "HEAD";
      if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0)) return response;
      if (!redirects || !location || hops > 5) return response;
      response.resume();
      const next = new URL(location, url);
      if (next.protocol !== "https:" && url.protocol === "https:" && !this.#options.insecure) {
        throw new ImageError(`the registry ${this.registry} leads from HTTPS to ${next.origin}`, {
          hint: "Use --insecure if you trust the network.",
        });
      }
      url = next;
    }
  }

  async #answer(challenge: Challenge, request: RegistryRequest): Promise<string | undefined> {
    const credentials = await this.#findCredentials();
    if (credentials?.registrytoken) return `Bearer ${credentials.registrytoken}`;
    const basic = credentials?.username
      ? `Basic ${Buffer.from(`${credentials.username}:${credentials.password ?? ""}`).toString("base64")}`
      : undefined;
    if (challenge.scheme === "basic") return basic;
    const url = new URL(challenge.realm);
    if (url.protocol !== "https:" && !this.#options.insecure) {
      throw new ImageError(
        `the registry ${this.registry} wants the password sent to ${url.origin}`,
        {
          hint: "That is no HTTPS. Use --insecure if you trust the network.",
        },
      );
    }
    const scopes = request.scopes.length > 0 ? request.scopes : [challenge.scope ?? ""];
    const { signal } = request;
    let response: IncomingMessage;
    if (credentials?.identitytoken) {
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: credentials.identitytoken,
        client_id: "layerbook",
        service: challenge.service ?? "",
        scope: scopes.join(" "),
      });
      response = await this.#http.exchange({
        method: "POST",
        url,
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: Buffer.from(form.toString()),
        signal,
      });
    } else {
      if (challenge.service) url.searchParams.set("service", challenge.service);
      for (const scope of scopes) if (scope) url.searchParams.append("scope", scope);
      const headers = basic ? { Authorization: basic } : {};
      response = await this.#http.exchange({ method: "GET", url, headers, signal });
    }
    const body = await collect(response, 1 << 20, `the answer of ${url.origin}`);
    if (response.statusCode === 200) return `Bearer ${parseToken(body, url.origin)}`;
    if (RETRY_STATUS.has(response.statusCode ?? 0)) {
      throw Object.assign(new Error(`${url.origin} answered ${response.statusCode}`), {
        code: "ETIMEDOUT",
      });
    }
    throw new RegistryError(
      response.statusCode ?? 0,
      `the registry ${this.registry} does not accept the credentials for ${scopes.join(" ")}`,
      `Log in with \`docker login ${this.registry === "docker.io" ? "" : this.registry}\`.`,
    );
  }

  #findCredentials(): Promise<Credentials | undefined> {
    const key = this.registry === "docker.io" ? DOCKER_HUB : this.registry;
    this.#credentials ??= findCredentials(key, this.#options.env);
    return this.#credentials;
  }

  async #refusal(request: RegistryRequest, response: IncomingMessage): Promise<RegistryError> {
    const status = response.statusCode ?? 0;
    const what = `the registry ${this.registry}`;
    const said = await errorsOf(response);
    const scope = /^repository:(.*):([^:]*)$/.exec(request.scopes[0] ?? "");
    const action = scope?.[2]?.includes("push") ? "push to" : "pull from";
    if (status === 401 || status === 403) {
      const known = Boolean(await this.#findCredentials());
      return new RegistryError(
        status,
        `${what} does not let ${known ? "this account" : "anonymous users"} ${action} ${scope?.[1] ?? "it"}${said}`,
        known
          ? "Check the rights of the account, and that the name is right."
          : `Log in with \`docker login${this.registry === "docker.io" ? "" : ` ${this.registry}`}\`, and check the name: for many registries what does not exist is forbidden.`,
      );
    }
    if (status === 429) {
      return new RegistryError(
        status,
        `${what} answers no more for now: too many requests${said}`,
        "Wait, or log in: accounts have a higher limit.",
      );
    }
    return new RegistryError(status, `${what} answered ${request.method} with ${status}${said}`);
  }

  /** With `insecure`, a registry that answers TLS with nonsense or not at all is tried without. */
  #speaksPlainHttp(error: unknown): boolean {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    return (
      this.#options.insecure &&
      (code === "ECONNREFUSED" || code === "EPROTO" || /SSL|TLS/.test(code))
    );
  }

  #unreachable(error: unknown): unknown {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof ImageError) return error;
    const of = (why: string, hint: string) =>
      new EnvironmentError(`cannot reach the registry ${this.registry}: ${why}`, {
        hint,
        cause: error,
      });
    if (code === "EPROTO" || /SSL_WRONG_VERSION|SSL_PACKET/.test(code)) {
      return of("it does not speak TLS", "If it is meant to be without TLS, use --insecure.");
    }
    if (/CERT|SIGNED|UNABLE_TO|ALTNAME/.test(code)) {
      return of(
        `its certificate is not trusted (${message})`,
        `Put the certificate of its authority into /etc/docker/certs.d/${hostOf(this.registry)}/ca.crt or name it in NODE_EXTRA_CA_CERTS; --insecure goes without.`,
      );
    }
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
      return of("the host name cannot be resolved", "Check the name of the image and the network.");
    }
    if (code === "ECONNREFUSED") {
      return of("nothing listens there", "Check the host and the port in the name of the image.");
    }
    return of(messageOf(error), "Check the network, and try again.");
  }
}

/** The host that serves a registry's API. */
export function hostOf(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

function isTransient(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return RETRY_CODES.has(code ?? "") || /socket hang up/.test(message ?? "");
}

function pause(attempt: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
}

function retryAfter(response: IncomingMessage): number | undefined {
  const header = response.headers["retry-after"];
  if (header === undefined) return undefined;
  const milliseconds = /^\d+$/.test(header)
    ? Number(header) * 1000
    : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds)
    ? undefined
    : Math.min(LONGEST_PAUSE, Math.max(0, milliseconds));
}

/** The registry's own words, after a colon. */
async function errorsOf(response: IncomingMessage): Promise<string> {
  const body = await collect(response, 1 << 20, "an error of the registry").catch(() => undefined);
  try {
    const { errors } = JSON.parse(String(body)) as {
      errors?: { code?: string; message?: string }[];
    };
    const texts = (errors ?? []).map((e) => e.message || e.code).filter(Boolean);
    return texts.length > 0 ? `: ${texts.join("; ")}` : "";
  } catch {
    return "";
  }
}
