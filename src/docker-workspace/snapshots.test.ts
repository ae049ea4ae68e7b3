import { describe, expect, it } from "vitest";
import { chooseSnapshots, type SnapshotRow, snapshotName } from "./snapshots.ts";

const HOUR = 3_600_000;

function row(host: string, number: number, more: Partial<SnapshotRow> = {}): SnapshotRow {
  return {
    name: `layerbook/${host}:0${number}`,
    id: `sha256:${host}${number}`,
    host,
    task: "",
    playbook: "",
    container: host,
    key: "",
    created: number * HOUR,
    bytes: 100,
    used: false,
    ...more,
  };
}

describe("names of snapshots", () => {
  it("are readable, and what a daemon takes", () => {
    expect(snapshotName("builder", 3, "Install nginx (stable)")).toBe(
      "layerbook/builder:03-install-nginx-stable",
    );
    expect(snapshotName("Web_1.example.com", 12, "äöü")).toBe("layerbook/web-1-example-com:12");
    expect(snapshotName("..", 1, "x".repeat(300))).toMatch(/^layerbook\/container:01-x{60}$/);
  });
});

describe("policies", () => {
  const rows = [row("a", 1), row("b", 2), row("a", 3), row("a", 4, { used: true }), row("b", 5)];
  const names = (policy: Parameters<typeof chooseSnapshots>[1]) =>
    chooseSnapshots(rows, policy, 6 * HOUR).map(({ name }) => name);

  it("take what is old", () => {
    expect(names({ olderThan: 3 * HOUR })).toEqual(["layerbook/a:01", "layerbook/b:02"]);
  });
  it("keep the newest of each host", () => {
    expect(names({ keep: 1 })).toEqual(["layerbook/a:01", "layerbook/b:02", "layerbook/a:03"]);
  });
  it("never take what a container was made from", () => {
    expect(names({ unused: true })).not.toContain("layerbook/a:04");
    expect(names({ keep: 0 })).not.toContain("layerbook/a:04");
  });
  it("take the oldest until the rest is small enough", () => {
    expect(names({ maxBytes: 250 })).toEqual([
      "layerbook/a:01",
      "layerbook/b:02",
      "layerbook/a:03",
    ]);
    expect(names({ maxBytes: 500 })).toEqual([]);
  });
  it("add up", () => {
    expect(names({ olderThan: 4.5 * HOUR, maxBytes: 300 })).toEqual([
      "layerbook/a:01",
      "layerbook/b:02",
    ]);
  });
});
