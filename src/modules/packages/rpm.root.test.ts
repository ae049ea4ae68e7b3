import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { moduleTable } from "../lib/table-for-tests.ts";
import { runModule } from "../testing.ts";
import * as dnf from "./dnf.ts";
import * as packageFacts from "./package_facts.ts";
import * as rpmKey from "./rpm_key.ts";
import * as yumRepository from "./yum_repository.ts";

/** dnf itself is packaged for Debian: a repository of two small packages is all that it needs. */
const PREPARE = `
apt-get update >&2; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends dnf rpm createrepo-c gpg gpg-agent >&2
mkdir -p /repo /etc/yum.repos.d; cd /repo
for v in 1.0 1.1; do for n in hello other; do
[ $n$v = other1.1 ] && continue
printf 'Name: %s\\nVersion: %s\\nRelease: 1\\nSummary: x\\nLicense: x\\nBuildArch: noarch\\n%%description\\nx\\n%%files\\n' $n $v >/tmp/$n.spec
rpmbuild -bb --define "_rpmdir /repo" --define "_rpmfilename %%{NAME}-%%{VERSION}.rpm" /tmp/$n.spec >&2
done; done
mkdir /repo/new; mv /repo/hello-1.1.rpm /repo/new; createrepo_c /repo/ -x 'new/*' >&2; createrepo_c /repo/new >&2
export GNUPGHOME=/tmp/gnupg; mkdir -m 700 $GNUPGHOME; gpg --batch --passphrase '' --quick-gen-key 'Test <t@example.com>' rsa2048 sign never >&2; gpg --armor --export >/tmp/key.asc
`;

describe("dnf and rpm", () => {
  let place: TestPlace;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(PREPARE);
  });
  afterAll(() => place.stop());
  const rpms = "rpm -qa | sort";

  moduleTable(
    () => place.connection,
    [
      {
        module: yumRepository,
        args: {
          name: "local",
          description: "Local",
          baseurl: "file:///repo",
          gpgcheck: false,
          exclude: ["a", "b"],
        },
        result: { changed: true, repo: "local", state: "present" },
        show: "cat /etc/yum.repos.d/local.repo",
        shown: "[local]\nbaseurl = file:///repo\nexclude = a b\ngpgcheck = 0\nname = Local",
      },
      {
        module: dnf,
        args: { name: "hello,other" },
        result: {
          changed: true,
          rc: 0,
          results: expect.arrayContaining([expect.stringMatching(/^Installed: hello-1.0/)]),
        },
        show: rpms,
        shown: "hello-1.0-1.noarch\nother-1.0-1.noarch",
      },
      {
        module: dnf,
        args: { name: ["hello", "nosuch"] },
        result: {
          failed: true,
          msg: "Failed to install some of the specified packages",
          failures: ["No package nosuch available."],
          rc: 1,
        },
        once: true,
      },
      {
        module: dnf,
        args: { name: "hello", state: "latest" },
        result: { changed: false, msg: "Nothing to do" },
      },
      {
        module: yumRepository,
        args: {
          name: "new",
          description: "New",
          baseurl: "file:///repo/new",
          gpgcheck: false,
          file: "local",
        },
        result: { changed: true },
        show: "grep -c '^\\[' /etc/yum.repos.d/local.repo",
        shown: "2",
      },
      {
        module: dnf,
        args: { name: "hello" },
        result: { changed: false, msg: "Nothing to do", results: [] },
      },
      {
        module: dnf,
        args: { name: "*", state: "latest" },
        result: { changed: true },
        show: rpms,
        shown: "hello-1.1-1.noarch\nother-1.0-1.noarch",
      },
      {
        module: dnf,
        args: { name: "hello", state: "absent" },
        result: { changed: true },
        show: rpms,
        shown: "other-1.0-1.noarch",
      },
      {
        module: dnf,
        args: { name: "/repo/hello-1.0.rpm", disable_gpg_check: true },
        result: { changed: true },
        show: rpms,
        shown: "hello-1.0-1.noarch\nother-1.0-1.noarch",
      },
      {
        module: yumRepository,
        args: { name: "new", file: "local", state: "absent" },
        result: { changed: true },
      },
      {
        module: rpmKey,
        args: { key: "/tmp/key.asc" },
        result: { changed: true },
        show: "rpm -q gpg-pubkey | wc -l",
        shown: "1",
      },
      {
        module: rpmKey,
        args: { key: "/repo/hello-1.0.rpm" },
        result: { failed: true },
        once: true,
      },
      {
        module: rpmKey,
        args: { key: "/tmp/key.asc", state: "absent" },
        result: { changed: true },
        show: "rpm -q gpg-pubkey | grep -c not",
        shown: "1",
      },
    ],
    rpms,
  );
  it("lists packages, as facts and as a list", async () => {
    const facts = await runModule(packageFacts, { manager: ["rpm"] }, place.connection);
    expect(facts.ansible_facts?.packages).toMatchObject({
      hello: [
        { name: "hello", version: "1.0", release: "1", epoch: null, arch: "noarch", source: "rpm" },
      ],
    });
    const list = await runModule(dnf, { list: "installed" }, place.connection);
    expect(list.results).toContainEqual(
      expect.objectContaining({ name: "hello", yumstate: "installed" }),
    );
  });
});
