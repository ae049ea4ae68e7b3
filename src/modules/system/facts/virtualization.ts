/** What the target runs in. */
import type { Data } from "../../module.ts";
import type { FactReport } from "./source.ts";

/** Firmware names of virtual machines. */
const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/^(KVM|RHEV Hypervisor|Standard PC|OpenStack|oVirt|Bochs|AHV)/, "kvm"],
  [/^VMware/, "VMware"],
  [/^VirtualBox/, "virtualbox"],
  [/^(HVM domU|Xen)/, "xen"],
  [/^Virtual Machine/, "VirtualPC"],
  [/^(Google Compute Engine|Amazon EC2|DigitalOcean)/, "kvm"],
  [/^Parallels/, "parallels"],
];

/**
 * @param image an image is being built: its containers will be guests of a container engine, whatever
 *   the builder is
 */
export function virtualizationFacts(report: FactReport, image: boolean): Record<string, Data> {
  const guest = (type: string, techs: readonly string[]) => ({
    virtualization_type: type,
    virtualization_role: "guest",
    virtualization_tech_guest: techs,
    virtualization_tech_host: [],
  });
  if (image) return guest("docker", ["docker", "container"]);
  if (report.has("/.dockerenv") || report.has("/.dockerinit")) {
    return guest("docker", ["docker", "container"]);
  }
  const groups = report.lines("/proc/1/cgroup").join("\n");
  if (/\/docker(\/|-[0-9a-f]+\.scope)/.test(groups))
    return guest("docker", ["docker", "container"]);
  if (report.has("/run/.containerenv")) return guest("podman", ["podman", "container"]);
  if (/\/(lxc|machine)\//.test(groups)) return guest("lxc", ["lxc", "container"]);
  if (report.part("container").trim() !== "") return guest("container", ["container"]);
  const product = report.line("/sys/devices/virtual/dmi/id/product_name") ?? "";
  const vendor = report.line("/sys/devices/virtual/dmi/id/sys_vendor") ?? "";
  const found =
    PRODUCTS.find(([regexp]) => regexp.test(product))?.[1] ??
    (/^(QEMU|Amazon EC2|DigitalOcean|Google|oVirt)/.test(vendor) ? "kvm" : undefined);
  if (found) return guest(found, [found]);
  if (report.lines("/proc/cpuinfo").some((line) => /QEMU/.test(line))) return guest("kvm", ["kvm"]);
  const host = report.has("/dev/kvm");
  return {
    virtualization_type: host ? "kvm" : "NA",
    virtualization_role: host ? "host" : "NA",
    virtualization_tech_guest: [],
    virtualization_tech_host: host ? ["kvm"] : [],
  };
}
