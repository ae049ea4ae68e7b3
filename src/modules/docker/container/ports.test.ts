import { describe, expect, it } from "vitest";
import { exposedPorts, publishedPorts } from "./ports.ts";

describe("published ports", () => {
  it.each([
    ["80", { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "" }] }],
    ["8080:80", { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] }],
    ["127.0.0.1:53:53/udp", { "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }] }],
    ["[::1]:8080:80", { "80/tcp": [{ HostIp: "::1", HostPort: "8080" }] }],
    ["127.0.0.1::80", { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] }],
    ["9000-9001:80", { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "9000-9001" }] }],
    [
      "8000-8001:90-91",
      {
        "90/tcp": [{ HostIp: "0.0.0.0", HostPort: "8000" }],
        "91/tcp": [{ HostIp: "0.0.0.0", HostPort: "8001" }],
      },
    ],
  ])("%s", (text, expected) => {
    expect(publishedPorts([text], "0.0.0.0")).toEqual(expected);
  });
  it.each(["http", "8000-8002:90-91", "90-80", "1:2:3:4", "70000"])("refuses %s", (text) => {
    expect(() => publishedPorts([text], "")).toThrow();
  });
  it("exposes ranges", () => {
    expect(exposedPorts(["53/udp", "8000-8001"])).toEqual(["53/udp", "8000/tcp", "8001/tcp"]);
  });
});
