/** community.general.timezone: the zone of the system's clock. */
import { quote } from "../../connection/connection.ts";
import { textOption } from "../lib/option-values.ts";
import { errorOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.timezone",
  summary: "Set the time zone",
  options: {
    name: { type: "str", description: "Name of the zone, as `Europe/Paris`." },
    hwclock: {
      type: "str",
      aliases: ["rtc"],
      choices: ["local", "UTC"],
      description: "Whether the hardware clock is in UTC.",
    },
  },
  requiredOneOf: [["hwclock", "name"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {},
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name");
  const hwclock = textOption(args, "hwclock");
  const report = await context.sh(`
${section("link")}; readlink /etc/localtime
${section("file")}; cat /etc/timezone 2>/dev/null
${section("adjtime")}; cat /etc/adjtime 2>/dev/null
${section("debian")}; [ -e /etc/debian_version ] && echo yes
${section("zone")}; [ -e ${quote(`/usr/share/zoneinfo/${name ?? "UTC"}`)} ] && echo yes
exit 0`);
  const parts = parseSections(report.stdout);
  const linked = (parts.get("link") ?? "").trim().replace(/^.*\/zoneinfo\//, "");
  const written = (parts.get("file") ?? "").trim();
  const clock = /^LOCAL$/m.test(parts.get("adjtime") ?? "") ? "local" : "UTC";
  const file = parts.get("file") !== "" || parts.get("debian")?.trim() === "yes";
  const nameDiffers = name !== undefined && (linked !== name || (file && written !== name));
  const clockDiffers = hwclock !== undefined && hwclock !== clock;
  if (nameDiffers && parts.get("zone")?.trim() !== "yes") {
    return {
      failed: true,
      msg: `Error message: the zone file /usr/share/zoneinfo/${name} does not exist. Other message(s): is the package tzdata installed?`,
    };
  }
  const changed = nameDiffers || clockDiffers;
  if (changed && !context.checkMode) {
    const done = await context.sh(`
${nameDiffers ? `ln -sf ${quote(`/usr/share/zoneinfo/${name}`)} /etc/localtime.layerbook && mv -f /etc/localtime.layerbook /etc/localtime || exit` : ""}
${nameDiffers && file ? `printf '%s\\n' ${quote(name ?? "")} >/etc/timezone || exit` : ""}
${clockDiffers ? `printf '0.0 0 0\\n0\\n%s\\n' ${hwclock === "local" ? "LOCAL" : "UTC"} >/etc/adjtime` : ""}`);
    if (done.rc !== 0) return { failed: true, msg: errorOf(done).trim() };
  }
  const before = written || linked || "n/a";
  return {
    changed,
    ...(context.diffMode
      ? {
          diff: {
            before: {
              ...(name === undefined ? {} : { name: before }),
              ...(hwclock ? { hwclock: clock } : {}),
            },
            after: { ...(name === undefined ? {} : { name }), ...(hwclock ? { hwclock } : {}) },
          },
        }
      : {}),
  };
}
