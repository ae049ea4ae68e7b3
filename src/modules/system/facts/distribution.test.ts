import { describe, expect, it } from "vitest";
import { distributionFacts, packageManager, serviceManager } from "./distribution.ts";
import { FactReport } from "./source.ts";

/** A report of files (path to content) and places that exist. */
function report(
  files: Record<string, string>,
  places: readonly string[] = [],
  init = "",
): FactReport {
  const lines = Object.entries(files).flatMap(([path, text]) =>
    text.split("\n").map((line) => `${path}:${line}`),
  );
  return new FactReport(
    Buffer.from(
      `\u0001files\n${lines.join("\n")}\n\u0001places\n${places.join("\n")}\n\u0001init\n${init}\n`,
    ),
  );
}

describe("distribution facts", () => {
  it.each([
    [
      "Debian",
      {
        "/etc/os-release":
          'ID=debian\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm',
        "/etc/debian_version": "12.5",
      },
      ["Debian", "12", "bookworm", "12", "Debian", "Debian"],
    ],
    [
      "Ubuntu",
      { "/etc/os-release": 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy' },
      ["Ubuntu", "22.04", "jammy", "22", "Debian", "Debian"],
    ],
    [
      "Alpine",
      { "/etc/os-release": "ID=alpine\nVERSION_ID=3.18.4", "/etc/alpine-release": "3.18.4" },
      ["Alpine", "3.18.4", "NA", "3", "Alpine", "Alpine"],
    ],
    [
      "Rocky",
      {
        "/etc/os-release": 'ID="rocky"\nVERSION_ID="9.2"\nVERSION="9.2 (Blue Onyx)"',
        "/etc/redhat-release": "Rocky Linux release 9.2 (Blue Onyx)",
      },
      ["Rocky", "9.2", "Blue Onyx", "9", "RedHat", "RedHat"],
    ],
    [
      "CentOS 7",
      {
        "/etc/os-release": 'ID="centos"\nVERSION_ID="7"\nVERSION="7 (Core)"',
        "/etc/redhat-release": "CentOS Linux release 7.9.2009 (Core)",
      },
      ["CentOS", "7.9", "Core", "7", "RedHat", "RedHat"],
    ],
    [
      "openSUSE",
      { "/etc/os-release": 'ID="opensuse-leap"\nVERSION_ID="15.5"\nNAME="openSUSE Leap"' },
      ["openSUSE Leap", "15.5", "NA", "15", "Suse", "SUSE"],
    ],
    [
      "Arch",
      {
        "/etc/os-release": 'NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling',
        "/etc/arch-release": "",
      },
      ["Archlinux", "NA", "NA", "NA", "Archlinux", "Archlinux"],
    ],
  ])("%s", (_, files, [name, version, release, major, family, variety]) => {
    expect(distributionFacts(report(files as Record<string, string>))).toMatchObject({
      distribution: name,
      distribution_version: version,
      distribution_release: release,
      distribution_major_version: major,
      os_family: family,
      distribution_file_variety: variety,
    });
  });
  it("finds the package manager of the family first", () => {
    const facts = (family: string, major: string) => ({
      os_family: family,
      distribution: "x",
      distribution_major_version: major,
    });
    const both = report({}, ["/usr/bin/apt-get", "/usr/bin/dnf", "/usr/bin/yum"]);
    expect(packageManager(both, facts("Debian", "12"))).toBe("apt");
    expect(packageManager(both, facts("RedHat", "9"))).toBe("dnf");
    expect(packageManager(both, facts("RedHat", "7"))).toBe("yum");
    expect(packageManager(report({}, ["/sbin/apk"]), facts("Alpine", "3"))).toBe("apk");
    expect(packageManager(report({}), facts("x", "1"))).toBe("unknown");
  });
  it("finds the service manager by process 1, and in an image by what is installed", () => {
    const comm = (name: string) => ({ "/proc/1/comm": name });
    expect(serviceManager(report(comm("systemd")), true)).toBe("systemd");
    expect(serviceManager(report(comm("sleep")), true)).toBe("sleep");
    expect(serviceManager(report(comm("sh"), ["/etc/init.d"]), true)).toBe("sysvinit");
    expect(serviceManager(report(comm("sh"), [], "/lib/systemd/systemd"), true)).toBe("systemd");
    expect(serviceManager(report(comm("sleep"), ["/etc/init.d"]), false)).toBe("sysvinit");
    expect(
      serviceManager(
        report({}, ["/usr/bin/systemctl", "/lib/systemd/systemd", "/etc/init.d"]),
        false,
      ),
    ).toBe("systemd");
    expect(serviceManager(report({}, ["/sbin/openrc"]), false)).toBe("openrc");
  });
});
