/** What a person asks of builds and images: plan, why, layers, diff, shell at a step, report. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxRoot, files, layerbook, must, type Ran, scratch } from "./support.ts";

const folder = scratch();
const env = { LAYERBOOK_STORE: join(folder.path, "store") };
let base: string;

const SITE = `- name: Web
  hosts: all
  gather_facts: false
  tasks:
    - {name: Tool, shell: 'head -c 300000 /bin/busybox > /srv/tool; echo got the tool'}
    - {name: Config, copy: {content: "listen {{ port }}\\n", dest: /srv/conf, mode: '0644'}}
    - {name: Close, file: {path: /srv/conf, mode: '0600'}}
    - {name: Clean, file: {path: /srv/tool, state: absent}}
    - {name: Never, command: 'true', when: false}
    - {name: Password, copy: {content: '{{ password }}', dest: /srv/pw}, no_log: true}
`;
const VARS = (port: number, password: string) => `port: ${port}\npassword: ${password}\n`;

function ask(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return layerbook(args, { cwd: folder.path, env: { ...env, ...more } });
}
const BUILD = (tag: string) => [
  ...["site.yml", "--from", base, "--to", `oci-archive:${tag}.tar`, "-t", `web:${tag}`],
];

beforeAll(async () => {
  base = `rootfs:${busyboxRoot(folder.path)}`;
  files(folder.path, { "site.yml": SITE, "group_vars/all.yml": VARS(80, "hunter2000") });
  expect((await ask(["build", ...BUILD("1")])).stderr).toBe("");
});
afterAll(() => folder.remove());

describe("a build that was made", () => {
  it("is planned again: everything is cached, and no secret is told when one has changed", async () => {
    const same = await ask(["plan", ...BUILD("1")]);
    expect(same.stdout).toContain("5 cached, 0 would run, 0 depend on what runs, 1 skipped");
    files(folder.path, { "group_vars/all.yml": VARS(8080, "hunter3000") });
    const edited = await ask(["plan", ...BUILD("1")]);
    files(folder.path, { "group_vars/all.yml": VARS(80, "hunter2000") });
    expect(edited.stdout).toContain("hit       Tool");
    expect(edited.stdout).toMatch(
      /run {7}Config\n.*argument content line 1: "listen 80" → "listen 8080"/,
    );
    expect(edited.stdout).toMatch(/depends {3}Close\n.*depends on what 'Config' leaves/);
    expect(edited.stdout).toMatch(/run {7}Password\n.*argument content has changed \(hidden\)/);
    expect(edited.stdout).not.toContain("hunter");
  });
  it("opens no container for a plan, and stores nothing", async () => {
    const store = join(folder.path, "fresh");
    const planned = await ask(["plan", ...BUILD("1")], { LAYERBOOK_STORE: store });
    expect(planned.stdout).toContain("this image was never built here");
    expect(must("find", [store, "-path", "*steps*"])).toBe("");
  });
  it("keeps no secret in plain text", () => {
    const found = must("sh", [
      "-c",
      'grep -rl hunter "$1"/builds "$1"/steps || true',
      "sh",
      env.LAYERBOOK_STORE,
    ]);
    expect(found).toBe("");
  });
  it("says of a file which tasks made it, and where they stand", async () => {
    const { stdout } = await ask(["why", "oci-archive:1.tar", "/srv/conf"]);
    expect(stdout).toContain("created  by 'Config'\n            site.yml:6");
    expect(stdout).toContain(
      "changed  by 'Close'\n            site.yml:7\n            mode: 0644 → 0600",
    );
    const gone = await ask(["why", "oci-archive:1.tar", "/srv/tool", "--json"]);
    const { events, now } = JSON.parse(gone.stdout) as { events: { what: string }[]; now: unknown };
    expect(events.map((event) => event.what)).toEqual(["created", "removed"]);
    expect(now).toBeUndefined();
    expect((await ask(["why", "oci-archive:1.tar", "/nowhere"])).code).toBe(1);
  });
  it("says it from the image alone, where it was not built", async () => {
    const elsewhere = { LAYERBOOK_STORE: join(folder.path, "elsewhere") };
    const { stdout } = await ask(["why", "oci-archive:1.tar", "srv/conf"], elsewhere);
    expect(stdout).toContain("created  by one of 'Config', 'Close', 'Clean', 'Password'");
    const layers = await ask(["layers", "oci-archive:1.tar"], elsewhere);
    expect(layers.stdout).toContain("300 kB");
    expect(layers.stdout).toMatch(/300 kB {2}\/srv\/tool {2}gone in: Config/);
  });
  it("has layers with what they waste, and limits that fail a pipeline", async () => {
    const { stdout } = await ask(["layers", "oci-archive:1.tar", "--json", "--files"]);
    const report = JSON.parse(stdout) as {
      wasted: number;
      layers: { tasks: { title: string }[]; files: { path: string; kind: string }[] }[];
    };
    expect(report.wasted).toBe(300_000);
    expect(report.layers[1]?.tasks.map((task) => task.title)).toEqual(["Tool"]);
    expect(report.layers[2]?.files.map(({ path, kind }) => [path, kind])).toContainEqual([
      "/srv/tool",
      "removed",
    ]);
    const wasteful = await ask(["layers", "oci-archive:1.tar", "--max-waste", "1%"]);
    expect(wasteful).toMatchObject({ code: 2 });
    expect(wasteful.stderr).toContain("wastes 300 kB");
    expect((await ask(["layers", "oci-archive:1.tar", "--max-size", "1kB"])).code).toBe(2);
    const within = ["--max-size", "1GB", "--max-waste", "400kB"];
    expect((await ask(["layers", "oci-archive:1.tar", ...within])).code).toBe(0);
    expect((await ask(["layers", "oci-archive:1.tar", "--max-size", "5%"])).code).toBe(5);
  });
  it("is entered after any of its steps", async () => {
    const { stdout } = await ask(["shell", "web:1:Tool", "--", "ls", "/srv"]);
    expect(stdout).toBe("tool\n");
    const third = await ask(["shell", ":3", "--", "stat", "-c", "%a", "/srv/conf"]);
    expect(third.stdout).toBe("600\n");
    const missing = await ask(["shell", "web:1:Nothing", "--", "true"]);
    expect(missing.stderr).toContain("has no step 'Nothing'");
    expect(missing.stderr).toContain("1 Tool, 2 Config");
  });
});

describe("two images", () => {
  it("are compared: files, modes, texts, configuration", async () => {
    files(folder.path, { "group_vars/all.yml": VARS(8080, "hunter2000") });
    const second = await ask(["build", ...BUILD("2"), "--cmd", "serve", "-v"]);
    expect(second.stdout).toContain("Done");
    const { stdout, code } = await ask(["diff", "oci-archive:1.tar", "oci-archive:2.tar"]);
    expect(code).toBe(1);
    expect(stdout).toContain("~ /srv/conf\n");
    expect(stdout).toContain("    -listen 80\n    +listen 8080\n");
    expect(stdout).toContain("~ config Cmd");
    expect(stdout).toContain("0 added, 0 removed, 1 changed, 1 of the configuration");
    const same = await ask(["diff", "oci-archive:1.tar", "oci-archive:1.tar"]);
    expect(same).toMatchObject({ code: 0, stdout: "no difference\n" });
    const steps = await ask(["diff", "web:1:Config", "web:1:Clean"]);
    expect(steps.stdout).toContain("~ /srv/conf\n    mode: 0644 → 0600");
    expect(steps.stdout).toMatch(/- \/srv\/tool/);
  });
});

describe("the report", () => {
  /** Looks at the page in a browser, as wide as asked, and says what it finds. */
  function browse(page: string, width: number): Record<string, unknown> {
    const frame = join(folder.path, `frame-${width}.html`);
    writeFileSync(
      frame,
      `<iframe src="${page}" style="border:0;width:${width}px;height:2000px"></iframe><pre id="said"></pre><script>
const frame = document.querySelector("iframe");
frame.onload = () => {
  const inner = frame.contentDocument;
  document.getElementById("said").textContent = JSON.stringify({
    width: inner.documentElement.scrollWidth,
    steps: inner.querySelectorAll("li.step").length,
    foreign: inner.querySelectorAll("script, img, link, iframe, object").length,
    status: [...inner.querySelectorAll("li.step .status")].map((one) => one.textContent),
    title: inner.title,
  });
};
</script>`,
    );
    const dom = must("chromium", [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"],
      ...[`--user-data-dir=${join(folder.path, "browser")}`, "--window-size=1300,2100"],
      ...["--virtual-time-budget=3000", "--dump-dom", `file://${frame}`],
    ]);
    const said = /<pre id="said">(.*?)<\/pre>/.exec(dom)?.[1] ?? "{}";
    return JSON.parse(said.replaceAll("&lt;", "<").replaceAll("&amp;", "&")) as Record<
      string,
      unknown
    >;
  }

  it("is one page that fits a phone and a desk, of the last build or of its events", async () => {
    const told = await ask(["build", ...BUILD("2"), "--json"]);
    writeFileSync(join(folder.path, "events.jsonl"), told.stdout);
    expect((await ask(["report", "-o", "report.html"])).stdout).toBe("Report report.html\n");
    const events = await ask(["report", "--events", "events.jsonl", "-o", "-"]);
    expect(events.stdout).toContain("<!doctype html>");
    const page = readFileSync(join(folder.path, "report.html"), "utf8");
    expect(page).toContain("got the tool");
    expect(page).toContain("Skipped: Conditional result was False");
    expect(page).not.toContain("hunter");
    for (const width of [360, 1200]) {
      const found = browse("report.html", width);
      expect(found).toMatchObject({ steps: 6, foreign: 0, title: "web:2: built" });
      expect(found.width).toBeLessThanOrEqual(width);
    }
  });
  it("is refused where nothing was built", async () => {
    const empty = await ask(["report"], { LAYERBOOK_STORE: join(folder.path, "nothing") });
    expect(empty.code).toBe(1);
    expect(empty.stderr).toContain("nothing was built in this store");
  });
});
