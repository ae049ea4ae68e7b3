/** The options that ansible.builtin.dnf and ansible.builtin.yum share. */
import type { OptionSpec } from "../../module.ts";

const list = (description: string, aliases: readonly string[] = []): OptionSpec => ({
  type: "list",
  elements: "str",
  default: [],
  description,
  ...(aliases.length > 0 ? { aliases } : {}),
});
const flag = (description: string, value = false): OptionSpec => ({
  type: "bool",
  default: value,
  description,
});

export const RPM_OPTIONS = {
  name: list("Packages, groups (`@name`), files or URLs; `*` with latest.", ["pkg"]),
  state: {
    type: "str",
    choices: ["absent", "installed", "latest", "present", "removed"],
    description: "The state the packages should be in; present by default.",
  },
  list: { type: "str", description: "List packages instead: `installed`, `updates`, or a name." },
  enablerepo: list("Repositories to use as well."),
  disablerepo: list("Repositories not to use."),
  conf_file: { type: "str", description: "Configuration file." },
  disable_gpg_check: flag("Do not check signatures."),
  installroot: { type: "str", default: "/", description: "Another root to install into." },
  releasever: { type: "str", description: "Release to take packages from." },
  autoremove: flag("Remove dependencies that nothing needs any more."),
  exclude: list("Packages to leave out."),
  skip_broken: flag("Skip packages whose dependencies cannot be met."),
  update_cache: {
    type: "bool",
    default: false,
    aliases: ["expire-cache"],
    description: "Fetch the metadata again.",
  },
  update_only: flag("With latest: only what is installed."),
  security: flag("With latest: only security updates."),
  bugfix: flag("With latest: only bug fixes."),
  enable_plugin: list("Plugins to use."),
  disable_plugin: list("Plugins not to use."),
  disable_excludes: { type: "str", description: "Ignore excludes of the configuration." },
  validate_certs: flag("Whether certificates of URLs are checked.", true),
  sslverify: flag("Whether certificates of repositories are checked.", true),
  allow_downgrade: flag("Allow a lower version of an installed package."),
  allowerasing: flag("Allow removing packages that are in the way."),
  install_repoquery: {
    type: "bool",
    default: true,
    description: "Install repoquery if it is missing.",
    noEffect: "nothing needs it",
  },
  download_only: flag("Only download."),
  download_dir: { type: "str", description: "Where to download to." },
  install_weak_deps: flag("Install weak dependencies too.", true),
  cacheonly: flag("Use the cached metadata only."),
  lock_timeout: {
    type: "int",
    default: 30,
    description: "Seconds to wait for a lock.",
    noEffect: "dnf waits by itself",
  },
  nobest: { type: "bool", description: "Do not insist on the best version." },
  best: { type: "bool", description: "Insist on the best version." },
  use_backend: {
    type: "str",
    default: "auto",
    aliases: ["use"],
    choices: ["auto", "dnf", "dnf4", "dnf5", "yum", "yum4"],
    description: "The program to use.",
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;
