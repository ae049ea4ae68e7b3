import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { moduleTable } from "../lib/table-for-tests.ts";
import { runModule } from "../testing.ts";
import * as aptKey from "./apt_key.ts";
import * as aptRepository from "./apt_repository.ts";
import * as deb822 from "./deb822_repository.ts";
import * as debconf from "./debconf.ts";
import * as dpkgSelections from "./dpkg_selections.ts";
import * as packageFacts from "./package_facts.ts";

const BACKPORTS = "deb http://deb.debian.org/debian bookworm-backports main";
const quiet = { update_cache: false };

describe("apt's files in a Debian without Python", () => {
  let place: TestPlace;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(
      "apt-get update >&2; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gpg >&2; cp /usr/share/keyrings/debian-archive-bookworm-stable.gpg /tmp/key.gpg",
    );
  });
  afterAll(() => place.stop());
  const lists =
    "cd /etc/apt/sources.list.d && grep -H '' *.list 2>/dev/null; grep -c '^deb' /etc/apt/sources.list";

  moduleTable(
    () => place.connection,
    [
      {
        module: aptRepository,
        args: { repo: BACKPORTS },
        result: { changed: true, repo: BACKPORTS, state: "present" },
        show: "cat /etc/apt/sources.list.d/deb_debian_org_debian.list; stat -c %a /etc/apt/sources.list.d/*.list; ls /var/lib/apt/lists | grep -c backports_InRelease",
        shown: `${BACKPORTS}\n644\n1`,
      },
      {
        module: aptRepository,
        args: { repo: "deb   http://deb.debian.org/debian  bookworm   main", ...quiet },
        result: { changed: false },
      },
      {
        module: aptRepository,
        args: { repo: BACKPORTS, filename: "other", state: "absent", ...quiet },
        result: { changed: true, state: "absent" },
        show: "ls /etc/apt/sources.list.d",
        shown: "",
      },
      {
        module: aptRepository,
        args: {
          repo: "deb [ arch=amd64  signed-by=/x/y.gpg ] http://deb.debian.org/debian sid main contrib",
          filename: "foo",
          mode: "0600",
          ...quiet,
        },
        result: { changed: true },
        show: "cat /etc/apt/sources.list.d/foo.list; stat -c %a /etc/apt/sources.list.d/foo.list",
        shown:
          "deb [arch=amd64 signed-by=/x/y.gpg] http://deb.debian.org/debian sid main contrib\n600",
      },
      {
        module: aptRepository,
        before: "sed -i 's/^/# /' /etc/apt/sources.list.d/foo.list",
        args: {
          repo: "deb [arch=amd64 signed-by=/x/y.gpg] http://deb.debian.org/debian sid main contrib",
          ...quiet,
        },
        result: { changed: true },
        show: "cat /etc/apt/sources.list.d/foo.list",
        shown: "deb [arch=amd64 signed-by=/x/y.gpg] http://deb.debian.org/debian sid main contrib",
      },
      {
        module: aptRepository,
        args: { repo: "nonsense" },
        result: { failed: true, msg: "Invalid repository string: nonsense" },
        once: true,
      },
      {
        module: aptRepository,
        before: "rm -f /etc/apt/sources.list.d/*",
        args: { repo: "deb http://deb.debian.org/nowhere sid main", update_cache_retries: 1 },
        result: { failed: true },
        show: "ls /etc/apt/sources.list.d",
        shown: "",
        once: true,
      },
      {
        module: deb822,
        args: {
          name: "My Repo",
          uris: "http://deb.debian.org/debian",
          suites: ["bookworm", "bookworm-updates"],
          components: ["main", "contrib"],
          signed_by: "/usr/share/keyrings/debian-archive-keyring.gpg",
          enabled: true,
        },
        result: {
          changed: true,
          dest: "/etc/apt/sources.list.d/my-repo.sources",
          key_filename: null,
        },
        show: "cat /etc/apt/sources.list.d/my-repo.sources",
        shown:
          "Components: main contrib\nEnabled: yes\nX-Repolib-Name: My Repo\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\nSuites: bookworm bookworm-updates\nTypes: deb\nURIs: http://deb.debian.org/debian",
      },
      {
        module: deb822,
        args: { name: "My Repo", state: "absent" },
        result: { changed: true, state: "absent" },
        show: "ls /etc/apt/sources.list.d",
        shown: "",
      },
      {
        module: aptKey,
        args: { file: "/tmp/key.gpg", keyring: "/etc/apt/keyrings/x.gpg" },
        before: "mkdir -p /etc/apt/keyrings",
        result: { changed: true, key_id: expect.stringMatching(/^[0-9A-F]{16}$/) },
        show: "stat -c %a /etc/apt/keyrings/x.gpg",
        shown: "644",
      },
      {
        module: aptKey,
        args: { id: "nonsense", file: "/tmp/key.gpg" },
        result: { failed: true, msg: "Invalid key_id: nonsense" },
        once: true,
      },
      {
        module: aptKey,
        args: { state: "absent" },
        result: { failed: true, msg: "Missing key_id, required to remove key." },
        once: true,
      },
      {
        module: debconf,
        args: { name: "tzdata", question: "tzdata/Areas", vtype: "select", value: "Europe" },
        result: { changed: true, current: { "tzdata/Areas": "Europe" } },
        show: "debconf-show tzdata | grep Areas",
        shown: /Europe$/,
      },
      {
        module: debconf,
        args: { name: "x", question: "x/pw", vtype: "password", value: "very secret" },
        result: { changed: true, current: { "x/pw": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" } },
      },
      {
        module: dpkgSelections,
        args: { name: "tzdata", selection: "hold" },
        result: { changed: true, before: "install", after: "hold" },
        show: "dpkg --get-selections tzdata",
        shown: /hold$/,
      },
    ],
    lists,
  );
  it("removes a key that it added", async () => {
    const added = await runModule(aptKey, { file: "/tmp/key.gpg" }, place.connection);
    const id = String(added.key_id);
    const gone = await runModule(aptKey, { id, state: "absent" }, place.connection);
    expect(gone.changed).toBe(true);
    expect(gone.after).not.toContain(id);
  });
  it("package_facts names every installed package", async () => {
    const result = await runModule(packageFacts, {}, place.connection);
    const packages = result.ansible_facts?.packages as Record<string, unknown>;
    expect(packages.bash).toEqual([
      {
        name: "bash",
        version: expect.stringMatching(/^5\./),
        arch: "amd64",
        category: "shells",
        origin: "Debian",
        source: "apt",
      },
    ]);
    expect(Object.keys(packages).length).toBeGreaterThan(80);
  });
});
