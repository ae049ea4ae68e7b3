import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { moduleTable } from "../lib/table-for-tests.ts";
import { runModule } from "../testing.ts";
import * as gem from "./gem.ts";
import * as pip from "./pip.ts";
import * as snap from "./snap.ts";

/** Two versions of a wheel and a gem, so that no package index is needed. */
const PREPARE = `
apt-get update >&2; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-pip python3-venv ruby >&2
mkdir -p /wheels; cd /wheels; python3 - <<'EOF' >&2
import zipfile
for v in ("1.0", "1.1"):
    with zipfile.ZipFile(f"demo_pkg-{v}-py3-none-any.whl", "w") as z:
        d = f"demo_pkg-{v}.dist-info"
        z.writestr("demo_pkg.py", f"version = '{v}'\\n")
        z.writestr(d + "/METADATA", f"Metadata-Version: 2.1\\nName: demo-pkg\\nVersion: {v}\\n")
        z.writestr(d + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        z.writestr(d + "/RECORD", "")
EOF
mkdir /gems; cd /gems; printf 'Gem::Specification.new { |s| s.name = "demo"; s.version = "1.0"; s.summary = "x"; s.authors = ["x"]; s.files = [] }' >demo.gemspec; gem build demo.gemspec >&2
`;
const offline = "--no-index --find-links /wheels";

describe("package managers of languages", () => {
  let place: TestPlace;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(PREPARE);
  });
  afterAll(() => place.stop());
  const env = {
    virtualenv: "/opt/env",
    virtualenv_command: "python3 -m venv",
    extra_args: offline,
  };
  const freeze = "/opt/env/bin/pip freeze 2>/dev/null";

  moduleTable(
    () => place.connection,
    [
      {
        module: pip,
        args: { name: "demo-pkg", extra_args: offline },
        result: { failed: true, msg: expect.stringMatching(/externally-managed-environment/) },
        once: true,
      },
      {
        module: pip,
        args: { name: "demo-pkg==1.0", ...env },
        result: {
          changed: true,
          name: ["demo-pkg==1.0"],
          state: "present",
          virtualenv: "/opt/env",
          requirements: null,
        },
        show: freeze,
        shown: "demo-pkg==1.0",
      },
      { module: pip, args: { name: "Demo_Pkg>=1.0,<1.1", ...env }, result: { changed: false } },
      {
        module: pip,
        args: { name: "demo-pkg", version: "1.1", ...env },
        result: { changed: true },
        show: freeze,
        shown: "demo-pkg==1.1",
      },
      {
        module: pip,
        args: { name: "demo-pkg", state: "absent", ...env },
        result: { changed: true },
        show: freeze,
        shown: "",
      },
      {
        module: pip,
        before: "echo demo-pkg==1.0 >/wheels/r.txt",
        args: { requirements: "/wheels/r.txt", ...env },
        result: { changed: true, requirements: "/wheels/r.txt", name: null },
        show: freeze,
        shown: "demo-pkg==1.0",
        once: true,
      },
      {
        module: pip,
        args: { name: "demo-pkg", state: "latest", ...env },
        result: { changed: true },
        show: freeze,
        shown: "demo-pkg==1.1",
        once: true,
      },
      {
        module: pip,
        args: { name: "nosuch", ...env },
        result: { failed: true, msg: expect.stringMatching(/No matching distribution/) },
        once: true,
      },
      {
        module: pip,
        args: { name: ["a", "b"], version: "1", ...env },
        result: { failed: true },
        once: true,
      },
      {
        module: gem,
        args: { name: "demo", gem_source: "/gems/demo-1.0.gem", user_install: false },
        result: { changed: true, name: "demo", state: "present" },
        show: "gem list demo | grep demo",
        shown: "demo (1.0)",
      },
      {
        module: gem,
        args: { name: "demo", state: "absent", user_install: false },
        result: { changed: true },
      },
    ],
    freeze,
  );
  it("refuses snaps with the reason", async () => {
    await expect(runModule(snap, { name: "x" }, place.connection)).rejects.toThrow(
      /snap is not supported/,
    );
  });
});
