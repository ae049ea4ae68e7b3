import { describe, expect, it } from "vitest";
import {
  formatImageReference,
  fullName,
  parseImageName,
  parseImageReference,
  resolveBareName,
  splitPath,
  withTag,
} from "./reference.ts";

describe("a reference with its place", () => {
  it("is taken apart as skopeo writes it", () => {
    const cases: [string, string, string][] = [
      ["docker://debian:bookworm", "docker", "debian:bookworm"],
      ["docker-daemon:web:1", "docker-daemon", "web:1"],
      ["docker-archive:out/web.tar:web:1", "docker-archive", "out/web.tar:web:1"],
      ["oci:dir:tag", "oci", "dir:tag"],
      ["oci-archive:web.tar", "oci-archive", "web.tar"],
      ["store:web", "store", "web"],
      ["rootfs:/srv/root", "rootfs", "/srv/root"],
      ["mmdebstrap:bookworm?include=a,b", "mmdebstrap", "bookworm?include=a,b"],
      ["scratch", "scratch", ""],
    ];
    for (const [text, scheme, reference] of cases) {
      const parsed = parseImageReference(text);
      expect(parsed).toEqual({ scheme, reference, bare: false });
      expect(formatImageReference(parsed)).toBe(text);
    }
  });
  it("is a registry's when it is bare", () => {
    for (const name of ["debian", "debian:12", "localhost:5000/web", "docker/web", "oci/x:1"]) {
      expect(parseImageReference(name)).toEqual({ scheme: "docker", reference: name, bare: true });
    }
  });
  it("is refused with what to write instead", () => {
    for (const text of ["containers-storage:web", "dir:x", "https://example.org/x", "oci:", ""]) {
      expect(() => parseImageReference(text), text).toThrow();
    }
    expect(() => parseImageReference("dir:x")).toThrow("the transport 'dir' are not supported");
    try {
      parseImageReference("Web:1");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ hint: "Names are in lower case: web:1", exitCode: 5 });
    }
  });
  it("is looked up nearby first when it is bare", async () => {
    const asked: string[] = [];
    const place = (name: string, has: boolean) => async (image: string) => {
      asked.push(`${name} ${image}`);
      return has;
    };
    const find = (store: boolean, daemon: boolean) =>
      resolveBareName("web:1", { store: place("store", store), daemon: place("daemon", daemon) });
    expect((await find(true, true)).scheme).toBe("store");
    expect((await find(false, true)).scheme).toBe("docker-daemon");
    expect((await find(false, false)).scheme).toBe("docker");
    expect(asked[0]).toBe("store web:1");
  });
});

describe("the name of an image", () => {
  it("has Docker's full form", () => {
    expect(fullName("debian")).toBe("docker.io/library/debian:latest");
    expect(fullName("team/web:1")).toBe("docker.io/team/web:1");
    expect(fullName("index.docker.io/debian")).toBe("docker.io/library/debian:latest");
    expect(fullName("localhost/web")).toBe("localhost/web:latest");
    expect(fullName("[::1]:5000/web")).toBe("[::1]:5000/web:latest");
    const digest = `sha256:${"a".repeat(64)}`;
    expect(fullName(`debian:12@${digest}`)).toBe(`docker.io/library/debian@${digest}`);
    expect(withTag("reg.example.org:5000/a/b")).toBe("reg.example.org:5000/a/b:latest");
    expect(parseImageName("reg.example.org:5000/a/b:c")).toMatchObject({
      registry: "reg.example.org:5000",
      repository: "a/b",
      tag: "c",
    });
  });
  it("is refused when it is none", () => {
    for (const name of [
      "",
      "-x",
      "a//b",
      "a/",
      "web:",
      "web:a b",
      "reg:80x/web",
      "a@sha256:1",
      "../a",
    ]) {
      expect(() => parseImageName(name), name).toThrow("is no name of an image");
    }
  });
  it("is parted from a path", () => {
    expect(splitPath("a/b.tar:web:1", "docker-archive")).toEqual({
      path: "a/b.tar",
      name: "web:1",
    });
    expect(splitPath("C:\\b.tar:web", "oci")).toEqual({ path: "C:\\b.tar", name: "web" });
    expect(splitPath("dir", "oci")).toEqual({ path: "dir", name: undefined });
    expect(() => splitPath(":tag", "oci")).toThrow("names no file");
  });
});
