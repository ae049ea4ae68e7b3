/** The signature of ansible.builtin.apt. */
import type { ModuleSpec } from "../../module.ts";

export const APT_SPEC = {
  name: "ansible.builtin.apt",
  summary: "Manage packages with apt",
  options: {
    name: {
      type: "list",
      elements: "str",
      aliases: ["package", "pkg"],
      description: "Packages: `name`, `name=1.2*`, `name>=1.2`, a pattern, or `*` with latest.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "build-dep", "latest", "present", "fixed"],
      description: "The state the packages should be in.",
    },
    update_cache: {
      type: "bool",
      aliases: ["update-cache"],
      description: "Run `apt-get update` first.",
    },
    update_cache_retries: {
      type: "int",
      default: 5,
      description: "How often an update that failed is tried again.",
    },
    update_cache_retry_max_delay: {
      type: "int",
      default: 12,
      description: "Longest pause between two tries, in seconds.",
    },
    cache_valid_time: {
      type: "int",
      default: 0,
      description: "Update only when the lists are older than this many seconds.",
    },
    purge: { type: "bool", default: false, description: "Remove configuration files too." },
    default_release: {
      type: "str",
      aliases: ["default-release"],
      description: "Release to take packages from.",
    },
    install_recommends: {
      type: "bool",
      aliases: ["install-recommends"],
      description: "Whether to install recommended packages; apt's own setting when absent.",
    },
    force: {
      type: "bool",
      default: false,
      description: "Allow unauthenticated packages, downgrades and removal of essential ones.",
    },
    clean: { type: "bool", default: false, description: "Empty the archive of downloads." },
    allow_unauthenticated: {
      type: "bool",
      default: false,
      aliases: ["allow-unauthenticated"],
      description: "Install packages that cannot be authenticated.",
    },
    allow_downgrade: {
      type: "bool",
      default: false,
      aliases: ["allow-downgrade", "allow_downgrades", "allow-downgrades"],
      description: "Allow a lower version of an installed package.",
    },
    allow_change_held_packages: {
      type: "bool",
      default: false,
      description: "Change packages that are on hold.",
    },
    upgrade: {
      type: "str",
      default: "no",
      choices: ["dist", "full", "no", "safe", "yes"],
      description: "Upgrade all packages.",
    },
    dpkg_options: {
      type: "str",
      default: "force-confdef,force-confold",
      description: "Options for dpkg, separated by commas.",
    },
    deb: { type: "path", description: "Path or URL of a package file to install." },
    autoremove: {
      type: "bool",
      default: false,
      description: "Remove dependencies that nothing needs any more.",
    },
    autoclean: { type: "bool", default: false, description: "Delete old package files." },
    policy_rc_d: {
      type: "int",
      description: "Exit code of /usr/sbin/policy-rc.d during the call (101: start no service).",
    },
    only_upgrade: { type: "bool", default: false, description: "Upgrade installed packages only." },
    fail_on_autoremove: {
      type: "bool",
      default: false,
      description: "Fail if a package would have to be removed.",
    },
    force_apt_get: {
      type: "bool",
      default: false,
      description: "Use apt-get for upgrades.",
      noEffect: "upgrades always use apt-get",
    },
    auto_install_module_deps: {
      type: "bool",
      default: true,
      description: "Install what the module itself needs.",
      noEffect: "the module needs nothing",
    },
    lock_timeout: {
      type: "int",
      default: 60,
      description: "Seconds to wait for another process that uses apt.",
    },
  },
  mutuallyExclusive: [["deb", "name", "upgrade"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  volatile: true,
  returns: {
    cache_updated: "Whether the package lists changed.",
    cache_update_time: "When they last did, in seconds since 1970.",
    stdout: "What apt-get said, if it ran.",
    stderr: "What apt-get said on standard error, if it ran.",
  },
} as const satisfies ModuleSpec;
