import { describe, expect, it } from "vitest";
import { touches as ofCopy } from "../files/copy.ts";
import { touches as ofFile } from "../files/file.ts";
import { touches as ofLine } from "../files/lineinfile.ts";
import { touches as ofStat } from "../files/stat.ts";

describe("what a file module touches", () => {
  it.each([
    ["a copy", ofCopy({ content: "x", dest: "/etc/a" }), ["/etc/a"]],
    ["a line", ofLine({ path: "/etc/a", line: "x", backup: false }), ["/etc/a"]],
    ["a directory", ofFile({ path: "/srv/a", state: "directory" }), ["/srv/a"]],
    ["a link and what it leads to", ofFile({ path: "/a", src: "/b", state: "link" }), ["/a", "/b"]],
    ["a look", ofStat({ path: "/etc/a" }), ["/etc/a"]],
  ])("%s", (_what, found, paths) => expect(found).toEqual(paths));

  it.each([
    ["a command that validates", ofCopy({ content: "x", dest: "/a", validate: "sh -n %s" })],
    ["a copy under a name with the time", ofLine({ path: "/a", line: "x", backup: true })],
    ["a file of the target", ofCopy({ src: "/b", dest: "/a", remote_src: true })],
    ["a home directory", ofCopy({ content: "x", dest: "~/a" })],
    ["a variable of the shell", ofCopy({ content: "x", dest: "/home/$USER/a" })],
    ["a path that goes up", ofCopy({ content: "x", dest: "/srv/../etc/a" })],
    ["a relative path", ofCopy({ content: "x", dest: "a" })],
    ["a relative link", ofFile({ path: "/a", src: "b", state: "link" })],
    ["times", ofFile({ path: "/a", state: "touch" })],
    ["given times", ofFile({ path: "/a", state: "file", modification_time: "preserve" })],
    ["flags of chattr", ofFile({ path: "/a", state: "file", attributes: "i" })],
  ])("is anything with %s", (_what, found) => expect(found).toBeUndefined());
});
