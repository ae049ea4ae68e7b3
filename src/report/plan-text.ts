/** A plan for people: a line a step, and under it why it would run. */
import type { Plan } from "../build/plan.ts";
import type { PlanRow } from "../build/plan-runner.ts";
import { clip, tame } from "./build-rows.ts";
import type { Colours } from "./colours.ts";

/** @param width columns; @param all also what only talks */
export function planText(plan: Plan, colours: Colours, width: number, all: boolean): string {
  const lines = [`${colours.bold(tame(plan.image))} from ${tame(plan.from)}`];
  let play: string | undefined;
  for (const row of plan.rows) {
    if (row.verdict === "always" && !all && isTalk(row)) continue;
    if (row.play !== play) lines.push("", colours.bold(`PLAY [${tame(row.play)}]`));
    play = row.play;
    lines.push(...rowLines(row, colours, width));
  }
  lines.push("");
  if (plan.stopped !== undefined) lines.push(colours.yellow(tame(plan.stopped)));
  if (plan.rows.length > 0) lines.push(summary(plan.rows));
  return `${lines.join("\n")}\n`;
}

function isTalk(row: PlanRow): boolean {
  return row.reasons.some((reason) => reason.text === "it has no layer");
}

function rowLines(row: PlanRow, colours: Colours, width: number): string[] {
  const item = row.item === undefined ? "" : ` (${tame(row.item)})`;
  const title = clip(`${tame(row.title)}${item}`, Math.max(20, width - 11));
  const head = `${paint(row.verdict, colours)(row.verdict.padEnd(9))} ${title}`;
  const reasons = row.reasons.filter((reason) => reason.text !== "");
  return [head, ...reasons.map((reason) => colours.dim(`          ${tame(reason.text)}`))];
}

function paint(verdict: PlanRow["verdict"], colours: Colours): (text: string) => string {
  switch (verdict) {
    case "hit":
      return colours.cyan;
    case "run":
      return colours.yellow;
    case "depends":
      return colours.magenta;
    case "always":
      return colours.green;
    default:
      return colours.dim;
  }
}

function summary(rows: readonly PlanRow[]): string {
  const count = (verdict: PlanRow["verdict"]) =>
    rows.filter((row) => row.verdict === verdict).length;
  return [
    `${count("hit")} cached`,
    `${count("run")} would run`,
    `${count("depends")} depend on what runs`,
    `${count("skipped")} skipped`,
  ].join(", ");
}
