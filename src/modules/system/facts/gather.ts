/** All facts of a target in one round trip. */
import type { Data, ModuleContext } from "../../module.ts";
import {
  distributionFacts,
  lsbFacts,
  packageManager,
  pythonFacts,
  serviceManager,
  systemdFacts,
} from "./distribution.ts";
import {
  deviceFacts,
  firmwareFacts,
  memoryFacts,
  mountFacts,
  processorFacts,
  uptimeFacts,
} from "./hardware.ts";
import { localFacts } from "./local.ts";
import { networkFacts } from "./network.ts";
import {
  capabilityFacts,
  commandLineFacts,
  dnsFacts,
  hostFacts,
  loadFacts,
  machineFacts,
  parseEnvironment,
  securityFacts,
  sshKeyFacts,
  timeFacts,
  userFacts,
} from "./platform.ts";
import { type FactKind, FactReport, factScript } from "./source.ts";
import { virtualizationFacts } from "./virtualization.ts";

export interface GatherOptions {
  readonly kind: FactKind;
  readonly collectors: ReadonlySet<string>;
  readonly factPath: string;
}

/** Facts by name, without `ansible_` before them. */
export async function gather(
  context: ModuleContext,
  options: GatherOptions,
): Promise<Record<string, Data>> {
  const { kind, collectors } = options;
  const wants = (name: string) => collectors.has(name);
  const result = await context.sh(
    factScript({
      kind,
      factPath: options.factPath,
      hardware: wants("hardware"),
      network: wants("network"),
      local: wants("local") && kind !== "moment",
    }),
  );
  const report = new FactReport(result.stdout);
  const environment = parseEnvironment(report.part("env"));
  const image = context.target === "image";
  const facts: Record<string, Data> = {};
  const add = (collector: string, make: () => Record<string, Data>) => {
    if (wants(collector)) Object.assign(facts, make());
  };
  if (kind !== "moment") {
    const distribution = distributionFacts(report);
    add("distribution", () => distribution);
    add("platform", () => machineFacts(report));
    add("pkg_mgr", () => ({ pkg_mgr: packageManager(report, distribution) }));
    add("service_mgr", () => ({ service_mgr: serviceManager(report, !image) }));
    add("systemd", () => systemdFacts(report, !image));
    add("lsb", () => ({ lsb: lsbFacts(report) }));
    add("python", () => pythonFacts(report, String(distribution.distribution_release)));
    add("user", () => userFacts(report, environment));
    add("ssh_pub_keys", () => sshKeyFacts(report));
    add("local", () => ({ local: localFacts(report, context.warn) }));
    add("virtual", () => (image || kind === "all" ? virtualizationFacts(report, image) : {}));
  }
  if (kind !== "image") {
    add("platform", () => hostFacts(report));
    add("date_time", () => timeFacts(report));
    add("env", () => ({ env: Object.fromEntries(environment) }));
    add("dns", () => dnsFacts(report));
    add("cmdline", () => commandLineFacts(report));
    add("selinux", () => pick(securityFacts(report), ["selinux", "selinux_python_present"]));
    add("apparmor", () => pick(securityFacts(report), ["apparmor"]));
    add("fips", () => pick(securityFacts(report), ["fips"]));
    add("caps", () => capabilityFacts(report));
    add("chroot", () => ({ is_chroot: false }));
    add("iscsi", () => ({ iscsi_iqn: "" }));
    add("nvme", () => ({ hostnqn: "" }));
    add("fibre_channel_wwn", () => ({ fibre_channel_wwn: [] }));
    add("loadavg", () => loadFacts(report));
    add("hardware", () => ({
      ...memoryFacts(report),
      ...processorFacts(report),
      ...mountFacts(report),
      ...deviceFacts(report),
      ...firmwareFacts(report),
      ...uptimeFacts(report),
    }));
    add("network", () => networkFacts(report));
  }
  return facts;
}

function pick(facts: Record<string, Data>, names: readonly string[]): Record<string, Data> {
  return Object.fromEntries(Object.entries(facts).filter(([name]) => names.includes(name)));
}
