import { describe, expect, it } from "vitest";
import { modelOfEvents } from "./model.ts";
import { reportPage } from "./page.ts";

const HOSTILE = `</style><script>alert(1)</script><img src=x onerror="alert('2')">\u001b[31m&amp;`;

const event = (type: string, more: object) =>
  JSON.stringify({ time: 1_700_000_001_000, type, ...more });

const EVENTS = [
  event("build", { image: `web:${HOSTILE}`, from: HOSTILE, playbooks: [HOSTILE] }),
  event("play", { name: HOSTILE }),
  event("task", {
    id: "1",
    title: HOSTILE,
    module: HOSTILE,
    handler: false,
    position: { file: `/p/${HOSTILE}`, line: 3, column: 1 },
  }),
  event("output", { task: "1", stream: "stdout", line: HOSTILE }),
  event("step", {
    ...{ task: "1", item: HOSTILE, status: "changed", durationMs: 1500, layerBytes: 2_000_000 },
    ...{ reasons: [{ kind: "argument", text: HOSTILE }], message: HOSTILE },
  }),
  event("task", { id: "2", title: "left out", module: "command", handler: false }),
  event("step", {
    ...{ task: "2", status: "skipped", durationMs: 0, reasons: [] },
    ...{ message: "Conditional result was False" },
  }),
  event("warning", { message: HOSTILE }),
  event("deferred", { services: [HOSTILE] }),
  event("image", {
    ...{ reference: HOSTILE, id: "sha256:1", baseLayers: 1, layersSent: 1, bytesSent: 1 },
    layers: [{ tasks: [HOSTILE, "more"], bytes: 2_000_000, written: 1, removed: 2 }],
  }),
  event("done", { ok: true, cached: 0, ran: 1, skipped: 1, durationMs: 2000 }),
];

describe("the report of a build", () => {
  const page = reportPage(modelOfEvents(EVENTS.join("\n"), (path) => path));

  it("shows texts as texts, whoever wrote them", () => {
    expect(page).not.toContain("<script");
    expect(page).not.toContain("<img");
    expect(page).not.toContain("\u001b");
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain("&amp;amp;");
  });
  it("needs nothing from elsewhere and says so to the browser", () => {
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/https?:|url\(|@import|src=[^x]/);
  });
  it("tells why a step ran, why one was skipped, and what was printed", () => {
    expect(page).toContain("Ran because: ");
    expect(page).toContain("Skipped: Conditional result was False");
    expect(page).toContain('<pre class="log"');
    expect(page).toContain("1.5 s");
    expect(page).toContain("1 written, 2 removed");
  });
  it("is told of a build that was cut short", () => {
    const cut = modelOfEvents(`${EVENTS.slice(0, 5).join("\n")}\n{"type":"st`, (path) => path);
    expect(cut).toMatchObject({ ok: false, error: "the file ends before the build does" });
    expect(reportPage(cut)).toContain("the file ends before the build does");
  });
  it("is refused of a file that tells of no build", () => {
    expect(() => modelOfEvents("hello\n{}", (path) => path)).toThrow("the file tells of no build");
  });
});
