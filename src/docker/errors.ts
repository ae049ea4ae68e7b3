/** What can go wrong between Layerbook and a Docker daemon, in words for the user. */
import { EnvironmentError, LayerbookError } from "../errors/index.ts";

/** The daemon answered with an error. `status` is HTTP's; the message is the daemon's own. */
export class DockerError extends LayerbookError {
  readonly status: number;
  /** What the daemon said, without any introduction. */
  readonly daemonMessage: string;

  constructor(status: number, daemonMessage: string, request: string) {
    super(`Docker: ${daemonMessage || `${request} answered with status ${status}`}`);
    this.status = status;
    this.daemonMessage = daemonMessage;
  }
}

/** No daemon answers where one is expected, or it may not be talked to. */
export class DockerUnreachableError extends EnvironmentError {}

/** Is it the daemon's "there is no such thing"? */
export function isNotFound(error: unknown): boolean {
  return error instanceof DockerError && error.status === 404;
}

const HOW_TO_START =
  "Is the daemon running? Start it (`systemctl start docker`), or name another one with DOCKER_HOST or `docker context use`.";

/**
 * An error of the socket as the user should see it.
 * @param endpoint as the user would write it: `unix:///var/run/docker.sock`
 */
export function unreachable(
  endpoint: string,
  cause: NodeJS.ErrnoException,
  source: string,
): DockerUnreachableError {
  const where = `the Docker daemon at ${endpoint}${source}`;
  const of = (message: string, hint: string) =>
    new DockerUnreachableError(message, { hint, cause });
  switch (cause.code) {
    case "EACCES":
    case "EPERM":
      return of(
        `permission denied: ${where} does not let this user in`,
        "Run as root, or add the user to the group of the socket (`sudo usermod -aG docker $USER`) and log in again.",
      );
    case "ENOENT":
      return of(`cannot reach ${where}: there is no such socket`, HOW_TO_START);
    case "ECONNREFUSED":
      return of(`cannot reach ${where}: nothing listens there`, HOW_TO_START);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return of(
        `cannot reach ${where}: the host name cannot be resolved`,
        "Check the name in DOCKER_HOST or in the Docker context.",
      );
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return of(
        `cannot reach ${where}: no answer (${cause.code})`,
        "Check the address in DOCKER_HOST, the network and the firewall.",
      );
    case "ECONNRESET":
    case "EPIPE":
      return of(
        `lost the connection to ${where}`,
        "The daemon was restarted, or it speaks TLS where none was asked for: check DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.",
      );
    default:
      if (isTlsProblem(cause)) {
        return of(
          `cannot trust ${where}: ${cause.message}`,
          "Check ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH, and that the certificate is for this host name.",
        );
      }
      return of(`cannot talk to ${where}: ${cause.message}`, HOW_TO_START);
  }
}

function isTlsProblem(error: NodeJS.ErrnoException): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(error.code ?? "");
}
