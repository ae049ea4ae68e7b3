/** One HTTP exchange with a registry; streams in both directions. */
import { readdirSync, readFileSync } from "node:fs";
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";
import { rootCertificates } from "node:tls";

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** No byte for so long is a broken connection. Milliseconds. */
const IDLE = 60_000;

/** Keeps connections; knows what Docker was told to trust for the registry. */
export class RegistryHttp {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;

  constructor(host: string, insecure: boolean) {
    const extra = certificatesOf(host);
    this.#https = new HttpsAgent({
      keepAlive: true,
      rejectUnauthorized: !insecure,
      ...(extra.length > 0 ? { ca: [...rootCertificates, ...extra] } : {}),
    });
  }

  /** The answer, whatever its status. Redirects are not followed. */
  exchange({ method, url, headers, body, signal }: Exchange): Promise<IncomingMessage> {
    signal?.throwIfAborted();
    const secure = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)(url, {
        method,
        headers: {
          "User-Agent": "layerbook",
          ...(body instanceof Uint8Array ? { "Content-Length": body.length } : {}),
          ...headers,
        },
        agent: secure ? this.#https : this.#http,
        ...(signal ? { signal } : {}),
      });
      outgoing.setTimeout(IDLE, () => {
        outgoing.destroy(Object.assign(new Error("no answer for a minute"), { code: "ETIMEDOUT" }));
      });
      let answered = false;
      outgoing.on("response", (response) => {
        answered = true;
        // Whoever refuses early does not read the rest.
        if (body instanceof Readable && (response.statusCode ?? 0) >= 400) body.destroy();
        resolve(response);
      });
      outgoing.on("error", (error) => {
        if (body instanceof Readable) body.destroy();
        if (!answered) reject(signal?.aborted ? signal.reason : error);
      });
      if (!(body instanceof Readable)) {
        outgoing.end(body);
        return;
      }
      body.on("error", (error) => {
        outgoing.destroy();
        reject(error);
      });
      if (body.errored) reject(body.errored);
      else body.pipe(outgoing);
    });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** `/etc/docker/certs.d/<host>/*.crt`, where Docker wants the certificates of private registries. */
function certificatesOf(host: string): string[] {
  const directory = join("/etc/docker/certs.d", host);
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".crt"))
      .map((name) => readFileSync(join(directory, name), "utf8"));
  } catch {
    return [];
  }
}
