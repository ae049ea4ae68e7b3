/**
 * The report of a build as one HTML page. It holds all that it shows: no script, no font, no picture,
 * nothing from elsewhere, and a policy that forbids it.
 */
import type { StepStatus } from "../../build/events.ts";
import { formatBytes, formatDuration } from "../build-rows.ts";
import { percent, text } from "./escape.ts";
import type { BuildReportModel, ReportStep } from "./model.ts";
import { STYLE } from "./style.ts";

const SLOWEST = 5;
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const WORDS: Readonly<Record<StepStatus, string>> = {
  cached: "cached",
  changed: "changed",
  ok: "ok",
  skipped: "skipped",
  ignored: "ignored",
  failed: "failed",
};

export function reportPage(model: BuildReportModel): string {
  const title = `${model.image}: ${model.ok ? "built" : "failed"}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<div class="page">
${head(model)}
<main>
${timeline(model)}
${steps(model)}
<div class="columns">
${slowest(model)}
${layers(model)}
</div>
${notes(model)}
</main>
<footer>${foot(model)}</footer>
</div>
</body>
</html>
`;
}

function head(model: BuildReportModel): string {
  const verdict = model.ok
    ? '<span class="verdict good">Built</span>'
    : '<span class="verdict bad">Failed</span>';
  const error =
    model.ok || model.error === undefined ? "" : `<pre class="error">${text(model.error)}</pre>`;
  return `<header>
${verdict}
<h1>${text(model.image)}</h1>
<p class="lead">from ${text(model.from)} · ${dateOf(model.startedMs)}</p>
<dl class="figures">${figures(model).join("")}</dl>
${error}
</header>`;
}

function figures(model: BuildReportModel): string[] {
  const count = (...statuses: readonly StepStatus[]) =>
    model.steps.filter((step) => statuses.includes(step.status)).length;
  const rows: [string, string][] = [
    ["Took", formatDuration(model.durationMs)],
    ["Cached", String(count("cached"))],
    ["Run", String(count("ok", "changed", "ignored", "failed"))],
    ["Skipped", String(count("skipped"))],
  ];
  const bytes = model.layers.reduce((sum, layer) => sum + layer.bytes, 0);
  if (model.layers.length > 0) rows.push(["On top of the base", formatBytes(bytes)]);
  const saved = model.steps.reduce((sum, step) => sum + (step.savedMs ?? 0), 0);
  if (saved >= 1000) rows.push(["Saved by the cache", formatDuration(saved)]);
  return rows.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`);
}

function timeline(model: BuildReportModel): string {
  if (model.steps.length === 0) return "";
  const most = Math.max(1, ...model.steps.map((step) => step.durationMs));
  // Even a step that took no time is there to be seen.
  const least = most / 200;
  const parts = model.steps.map((step) => {
    const grow = Math.max(step.durationMs, least).toFixed(2);
    return `<i class="is-${step.status}" style="flex-grow:${grow}" title="${text(titleOf(step))}, ${WORDS[step.status]}, ${formatDuration(step.durationMs)}"></i>`;
  });
  const worked = model.steps.reduce((sum, step) => sum + step.durationMs, 0);
  const label = `${model.steps.length} steps, ${formatDuration(worked)} in all`;
  return `<section aria-labelledby="timeline">
<h2 id="timeline">Timeline</h2>
<div class="strip" role="img" aria-label="${label}; each is listed below">${parts.join("")}</div>
<div class="scale" aria-hidden="true"><span>first step</span><span>${label}</span><span>last step</span></div>
${legend(model)}
</section>`;
}

function legend(model: BuildReportModel): string {
  const has = (...statuses: readonly StepStatus[]) =>
    model.steps.some((step) => statuses.includes(step.status));
  const choices: [string, string, string, boolean][] = [
    ["all", "All", "", true],
    ["cached", "Cached", "is-cached", has("cached")],
    ["run", "Run", "is-changed", has("ok", "changed")],
    ["skipped", "Skipped", "is-skipped", has("skipped")],
    ["failed", "Failed", "is-failed", has("failed", "ignored")],
  ];
  const inputs = choices
    .filter(([, , , there]) => there)
    .map(
      ([id, word, tone]) =>
        `<input type="radio" name="show" id="show-${id}"${id === "all" ? " checked" : ""}><label for="show-${id}" class="${tone}">${word}</label>`,
    );
  return `<fieldset class="legend"><legend>Steps that are shown</legend>${inputs.join("")}</fieldset>`;
}

function steps(model: BuildReportModel): string {
  if (model.steps.length === 0) return "";
  const parts: string[] = [];
  let play: string | undefined;
  for (const [index, step] of model.steps.entries()) {
    if (step.play !== play) {
      if (play !== undefined) parts.push("</ol>");
      parts.push(`<h3>${text(step.play)}</h3>`, '<ol class="steps">');
      play = step.play;
    }
    parts.push(stepItem(step, index + 1, model.durationMs));
  }
  return `<section aria-labelledby="steps">
<h2 id="steps">Steps</h2>
${parts.join("\n")}
</ol>
</section>`;
}

function stepItem(step: ReportStep, number: number, wholeMs: number): string {
  const size = step.layerBytes === undefined ? "" : formatBytes(step.layerBytes);
  const time = step.status === "skipped" ? "" : formatDuration(step.durationMs);
  const item = step.item === undefined ? "" : ` <small>${text(step.item)}</small>`;
  const handler = step.handler ? "<small>handler</small> " : "";
  const when = `left:min(${percent(step.startMs, wholeMs)}, calc(100% - 3px));width:${percent(step.durationMs, wholeMs)}`;
  const row = `<span class="number">${number}</span><span class="status">${WORDS[step.status]}</span><span class="name">${handler}${text(step.title)}${item}</span><span class="when" aria-hidden="true">${step.status === "skipped" ? "" : `<i style="${when}"></i>`}</span><span class="amount">${time}</span><span class="amount size">${size}</span>`;
  const more = details(step);
  const open = step.status === "failed" ? " open" : "";
  const body =
    more === ""
      ? `<div class="row">${row}</div>`
      : `<details${open}><summary class="row">${row}</summary><div class="more">${more}</div></details>`;
  return `<li class="step is-${step.status}" id="step-${number}">${body}</li>`;
}

function details(step: ReportStep): string {
  const lines: string[] = [];
  const place = step.place === undefined ? "" : ` · ${text(step.place)}`;
  if (step.status === "skipped" && step.message !== undefined) {
    lines.push(`<p class="why">Skipped: ${text(step.message)}</p>`);
  }
  for (const reason of step.reasons) lines.push(`<p class="why">Ran because: ${text(reason)}</p>`);
  if (step.savedMs !== undefined) {
    lines.push(`<p>Replayed; it took ${formatDuration(step.savedMs)} when it ran.</p>`);
  }
  lines.push(`<p><code>${text(step.module)}</code>${place}</p>`);
  if (step.secret) lines.push("<p>It handles a secret: what it printed is not kept.</p>");
  const said = step.status === "skipped" ? undefined : step.message;
  const log = [...(said === undefined ? [] : said.split("\n")), ...(step.log ?? [])];
  if (log.length > 0) {
    lines.push(
      `<pre class="log" tabindex="0" aria-label="log of ${text(step.title)}">${text(log.join("\n"))}</pre>`,
    );
  }
  return lines.join("");
}

function slowest(model: BuildReportModel): string {
  const ran = model.steps
    .filter((step) => step.status !== "cached" && step.status !== "skipped")
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, SLOWEST);
  const most = ran[0]?.durationMs ?? 0;
  if (most === 0) return "";
  const items = ran.map((step) => {
    const number = model.steps.indexOf(step) + 1;
    return `<li class="is-${step.status}"><span class="what"><small>${number}</small> ${text(titleOf(step))}</span><span class="amount">${formatDuration(step.durationMs)}</span><span class="bar" aria-hidden="true"><i style="width:${percent(step.durationMs, most)}"></i></span></li>`;
  });
  return `<section aria-labelledby="slowest"><h2 id="slowest">Slowest</h2><ul class="bars">${items.join("")}</ul></section>`;
}

function layers(model: BuildReportModel): string {
  if (model.layers.length === 0) return "";
  const sorted = [...model.layers].sort((a, b) => b.bytes - a.bytes);
  const most = sorted[0]?.bytes ?? 0;
  const items = sorted.map((layer) => {
    const [first = "", ...more] = layer.tasks;
    const others = more.length > 0 ? ` <small>and ${more.length} more</small>` : "";
    const hint = more.length > 0 ? ` title="${text(layer.tasks.join(", "))}"` : "";
    const paths = `${layer.written} written${layer.removed > 0 ? `, ${layer.removed} removed` : ""}`;
    return `<li><span class="what"${hint}>${text(first)}${others}</span><span class="amount">${formatBytes(layer.bytes)}</span><span class="bar" aria-hidden="true"><i style="width:${percent(layer.bytes, most)}"></i></span><small>${paths}</small></li>`;
  });
  return `<section aria-labelledby="layers"><h2 id="layers">Layers by size</h2><ul class="bars">${items.join("")}</ul></section>`;
}

function notes(model: BuildReportModel): string {
  const parts: string[] = [];
  if (model.warnings.length > 0) parts.push(list("Warnings", model.warnings));
  if (model.deferred.length > 0) {
    parts.push(list("Start with the container, not in the build", model.deferred));
  }
  return parts.join("\n");
}

function list(title: string, lines: readonly string[]): string {
  const items = lines.map((line) => `<li>${text(line)}</li>`).join("");
  return `<section><h2>${title}</h2><ul class="plain">${items}</ul></section>`;
}

function foot(model: BuildReportModel): string {
  const parts = [
    model.delivered && `Delivered to ${model.delivered}`,
    model.id,
    model.playbooks.length > 0 && `Playbook ${model.playbooks.join(", ")}`,
    "Made by Layerbook",
  ];
  return parts
    .filter((part) => typeof part === "string")
    .map((part) => text(part))
    .join(" · ");
}

function titleOf(step: ReportStep): string {
  return step.item === undefined ? step.title : `${step.title} (${step.item})`;
}

/** `2026-11-24 11:18 UTC`. */
function dateOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
