/** Which options differ between a container and what is asked for. */
import type { ContainerInspect, ImageInspect } from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import type { Arguments, Data } from "../../module.ts";
import { canonical, isObject } from "../lib/json.ts";
import { type Comparison, defaultComparison, type Setting, satisfied } from "./setting.ts";

export interface Difference {
  readonly setting: Setting;
  readonly wanted: Data;
  readonly current: Data | undefined;
}

/** How each option is compared. */
export class Comparisons {
  readonly #chosen = new Map<string, Comparison>();
  readonly #others: Comparison | undefined;

  constructor(args: Arguments, settings: readonly Setting[]) {
    const given = isObject(args.comparisons) ? args.comparisons : {};
    const star = given["*"];
    if (star !== undefined && star !== "strict" && star !== "ignore") {
      fail("comparisons: '*' can only be strict or ignore");
    }
    this.#others = star as Comparison | undefined;
    const aliases: Readonly<Record<string, string>> = {
      ports: "published_ports",
      expose: "exposed_ports",
      exposed: "exposed_ports",
      log_opt: "log_options",
    };
    for (const [name, value] of Object.entries(given)) {
      if (name === "*") continue;
      const option = aliases[name] ?? name;
      const setting = settings.find((candidate) => candidate.option === option);
      const special = option === "networks" || option === "image";
      if (!setting && !special)
        fail(`comparisons: there is nothing to compare in option '${name}'`);
      if (value !== "strict" && value !== "ignore" && value !== "allow_more_present") {
        fail(`comparisons: '${name}' must be strict, ignore or allow_more_present`);
      }
      const single = setting ? setting.kind === "value" : option === "image";
      if (value === "allow_more_present" && single) {
        fail(`comparisons: '${name}' has one value, so allow_more_present has no sense for it`);
      }
      this.#chosen.set(option, value as Comparison);
    }
    if (args.ignore_image === true && !this.#chosen.has("image"))
      this.#chosen.set("image", "ignore");
  }

  of(setting: Pick<Setting, "option" | "kind">): Comparison {
    return this.#chosen.get(setting.option) ?? this.#others ?? defaultComparison(setting);
  }

  get image(): Comparison {
    return this.of({ option: "image", kind: "value" });
  }

  get networks(): Comparison {
    return this.of({ option: "networks", kind: "set" });
  }

  /** Was this comparison asked for by the task? */
  isExplicit(option: string): boolean {
    return this.#chosen.has(option) || this.#others !== undefined;
  }
}

/** @param image whose configuration counts as asked for, too */
export function differencesOf(
  settings: readonly Setting[],
  args: Arguments,
  comparisons: Comparisons,
  container: ContainerInspect,
  image: ImageInspect | undefined,
  own: ImageInspect | undefined,
): Difference[] {
  const found: Difference[] = [];
  for (const setting of settings) {
    const asked = setting.wanted(args);
    if (asked === undefined) continue;
    const wanted = image && setting.withImage ? setting.withImage(asked, image) : asked;
    const current = setting.current(container, own);
    if (setting.option === "platform" && platformFits(wanted, current)) continue;
    if (!satisfied(setting.kind, comparisons.of(setting), wanted, current)) {
      found.push({ setting, wanted, current });
    }
  }
  return found;
}

/** `linux/arm64` is had by `linux/arm64/v8`. */
function platformFits(wanted: Data, current: Data | undefined): boolean {
  return typeof current === "string" && `${current}/`.startsWith(`${wanted}/`);
}

/** @throws ModuleFailure for labels of the image that the task does not set, where it forbids them */
export function checkImageLabels(
  args: Arguments,
  comparisons: Comparisons,
  labels: Setting,
  image: ImageInspect,
): void {
  if (args.image_label_mismatch !== "fail" || comparisons.of(labels) !== "strict") return;
  const own = labels.wanted(args);
  if (!isObject(own)) return;
  const inherited = Object.keys(isObject(image.Config?.Labels) ? image.Config.Labels : {});
  const more = inherited.filter((name) => !(name in own));
  if (more.length > 0) {
    fail(`the image brings labels that 'labels' does not set: ${canonical(more.sort())}`);
  }
}
