/**
 * `ansible.builtin.reboot`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/reboot_module.html
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors/index.ts";
import { word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { listOption, numberOption, textOption } from "../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.reboot",
  summary: "Reboots a machine and waits for it",
  options: {
    pre_reboot_delay: { type: "int", default: 0, description: "Seconds before the reboot." },
    post_reboot_delay: {
      type: "int",
      default: 0,
      description: "Seconds after it, before the first try.",
    },
    reboot_timeout: { type: "int", default: 600, description: "Longest time to wait, in seconds." },
    connect_timeout: { type: "int", description: "Longest time for one try." },
    test_command: { type: "str", default: "whoami", description: "Command that must succeed." },
    boot_time_command: {
      type: "str",
      default: "cat /proc/sys/kernel/random/boot_id",
      description: "Command whose output changes with a reboot.",
    },
    reboot_command: { type: "str", description: "The command that reboots." },
    msg: {
      type: "str",
      default: "Reboot initiated by Ansible",
      description: "What users are told.",
    },
    search_paths: {
      type: "list",
      elements: "str",
      default: ["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"],
      description: "Where to look for `shutdown`.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { rebooted: "Whether it was.", elapsed: "Seconds that it took." },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, args: Arguments): Promise<ModuleResult> => {
    if (context.target === "image") {
      return fail(
        "an image that is being built cannot be rebooted: nothing is booted in it. Leave the task out with `when`, or give it a tag that the build skips",
        { rebooted: false },
      );
    }
    if (context.checkMode) return { changed: true, elapsed: 0, rebooted: true };
    const begun = Date.now();
    const elapsed = () => Math.floor((Date.now() - begun) / 1000);
    const pause = (seconds: number) => sleep(seconds * 1000, undefined, { signal: context.signal });
    const timeCommand = textOption(args, "boot_time_command") ?? "";
    const before = await context.sh(timeCommand);
    if (before.rc !== 0) {
      fail(`failed to get host boot time info: ${before.stderr.toString().trim()}`, {
        rebooted: false,
      });
    }
    const isContainer = await context.sh("[ -e /.dockerenv ] || [ -e /run/.containerenv ]");
    if (isContainer.rc === 0)
      fail("a container cannot be rebooted from inside", { rebooted: false });
    await start(context, args);
    const end = begun + (numberOption(args, "reboot_timeout") ?? 600) * 1000;
    await pause(Math.max(1, numberOption(args, "post_reboot_delay") ?? 0));
    const timeoutMs = (numberOption(args, "connect_timeout") ?? 10) * 1000;
    for (let last = ""; ; ) {
      try {
        const now = await context.sh(timeCommand, { timeoutMs });
        const test = await context.sh(textOption(args, "test_command") ?? "whoami", { timeoutMs });
        const isNew = now.rc === 0 && now.stdout.toString() !== before.stdout.toString();
        if (isNew && test.rc === 0) return { changed: true, elapsed: elapsed(), rebooted: true };
      } catch (error) {
        last = messageOf(error);
      }
      if (Date.now() > end) {
        const seconds = numberOption(args, "reboot_timeout") ?? 600;
        const msg = `Timed out waiting for last boot time check (timeout=${seconds})${last ? `: ${last}` : ""}`;
        return { changed: true, failed: true, elapsed: elapsed(), rebooted: true, msg };
      }
      await pause(1);
    }
  },
);

/** The shell may go down with the machine before it answers. */
async function start(context: ModuleContext, args: Arguments): Promise<void> {
  const given = textOption(args, "reboot_command");
  const delay = numberOption(args, "pre_reboot_delay") ?? 0;
  const minutes = Math.floor(delay / 60);
  const paths = (listOption(args, "search_paths") ?? []).join(":");
  const command =
    given ??
    `PATH="$PATH":${word(paths)}; if lb_have shutdown; then shutdown -r ${minutes} ${word(textOption(args, "msg") ?? "")}; else sleep ${delay}; reboot; fi`;
  try {
    const result = await context.sh(command);
    if (result.rc !== 0 && result.rc < 128) {
      fail(`Reboot command failed. Error was: '${result.stderr.toString().trim()}'`, {
        rebooted: false,
      });
    }
  } catch (error) {
    if (error instanceof Error && error.name === "ModuleFailure") throw error;
  }
}
