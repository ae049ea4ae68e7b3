/**
 * The options that say which daemon a module talks to; all docker modules have them.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docsite/scenario_guide.html
 */
import type { OptionSpec } from "../../module.ts";

export const DAEMON_OPTIONS = {
  docker_host: {
    type: "str",
    aliases: ["docker_url"],
    description:
      "Address of the daemon: unix://, tcp://, ssh://. Default: DOCKER_HOST, else the Docker CLI's context, else the local socket.",
  },
  tls: { type: "bool", description: "Use TLS without checking the daemon's certificate." },
  validate_certs: {
    type: "bool",
    aliases: ["tls_verify"],
    description: "Use TLS and check the daemon's certificate. Default: DOCKER_TLS_VERIFY.",
  },
  tls_hostname: {
    type: "str",
    description: "Name that the certificate must be for. Default: DOCKER_TLS_HOSTNAME.",
  },
  ca_path: {
    type: "path",
    aliases: ["ca_cert", "tls_ca_cert", "cacert_path"],
    description: "File of the certificate authority. Default: ca.pem in DOCKER_CERT_PATH.",
  },
  client_cert: {
    type: "path",
    aliases: ["tls_client_cert", "cert_path"],
    description: "File of the client's certificate. Default: cert.pem in DOCKER_CERT_PATH.",
  },
  client_key: {
    type: "path",
    aliases: ["tls_client_key", "key_path"],
    description: "File of the client's key. Default: key.pem in DOCKER_CERT_PATH.",
  },
  api_version: {
    type: "str",
    aliases: ["docker_api_version"],
    description: "Version of the API. Default: DOCKER_API_VERSION, else negotiated (auto).",
  },
  timeout: {
    type: "int",
    description: "Seconds that the daemon may be silent. Default: DOCKER_TIMEOUT, else 60.",
  },
  debug: { type: "bool", default: false, description: "Return the actions taken and the diff." },
  use_ssh_client: {
    type: "bool",
    description: "Reach ssh:// with the system's ssh.",
    noEffect: "The system's ssh is always used.",
  },
  ssl_version: {
    type: "str",
    description: "Version of TLS.",
    noEffect: "The best version that both sides know is used.",
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;
