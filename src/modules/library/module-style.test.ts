import { describe, expect, it } from "vitest";
import { moduleStyle, shebang } from "./module-style.ts";

const style = (text: string) => moduleStyle(Buffer.from(text, "latin1"));

describe("the style of a module", () => {
  it("is Python for what imports module_utils, however it does", () => {
    for (const line of [
      "from ansible.module_utils.basic import AnsibleModule",
      "from ansible.module_utils import basic",
      "import ansible.module_utils.basic",
      "    from ansible_collections.a.b.plugins.module_utils.c import d",
      "from ..module_utils.c import d",
      "#<<INCLUDE_ANSIBLE_MODULE_COMMON>>",
    ]) {
      expect(style(`#!/usr/bin/python\n${line}\n`), line).toBe("python");
    }
  });
  it("is told by markers for other languages, and key=value without one", () => {
    expect(style("#!/bin/sh\n# WANT_JSON\n")).toBe("want-json");
    expect(style("#!/usr/bin/perl\n'<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>'\n")).toBe("json-args");
    expect(style("#!/usr/bin/python\nimport sys\n")).toBe("key-value");
    expect(style("#!powershell\n#Requires -Module Ansible.ModuleUtils.Legacy\n")).toBe(
      "powershell",
    );
  });
  it("is binary for bytes that no text has, not for other encodings", () => {
    expect(style("\x7fELF\x02\x01\x01\0")).toBe("binary");
    expect(style("#!/bin/sh\n# caf\xe9\r\n\t\x1b[0m")).toBe("key-value");
  });
});

describe("the first line", () => {
  it("names a program and its arguments", () => {
    expect(shebang(Buffer.from("#! /usr/bin/env perl -w \n"))).toEqual({
      interpreter: "/usr/bin/env",
      args: "perl -w",
    });
    expect(shebang(Buffer.from("import os\n"))).toBeUndefined();
  });
});
