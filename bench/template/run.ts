/**
 * Templates a second, beside Jinja2 in CPython (which comes with ansible-core):
 *
 *     npx esbuild bench/template/run.ts --bundle --platform=node --format=esm --outfile=dist/bench-template.mjs
 *     node dist/bench-template.mjs
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type Dict,
  Environment,
  fromJson,
  Templar,
  variablesOf,
} from "../../src/template/index.ts";

const here = resolve("bench/template");
const rounds = 200;
const hosts = Array.from({ length: 8 }, (_, index) => ({
  name: `web${index}.example.org`,
  names: [`web${index}.example.org`, `www${index}.example.org`],
  port: 8000 + index,
  tls: index % 2 === 0,
  locations: Array.from({ length: 4 }, (_unused, place) => ({
    path: `/part${place}`,
    port: 9000,
    ...(place % 2 === 0 ? { cache: `zone${place}` } : { upstream: `10.0.0.${place}` }),
  })),
}));
const variables = {
  ansible_managed: "managed",
  user: "www-data",
  workers: 4,
  base: "/srv/www",
  name: "web",
  port: 8080,
  items: [1, 2, 3, 4],
  flags: { debug: false, level: "info" },
  hosts,
};
const shapes = [
  (n: number) => `{{ name }}-${n}`,
  (n: number) => `{{ port + ${n} }}`,
  (n: number) => `/srv/{{ name | upper }}/${n}/{{ flags.level }}`,
  (n: number) => `{{ 'on' if flags.debug else 'off' }}${n}`,
  (n: number) => `{{ items | join(',') }}:${n}`,
  (n: number) => `{% if port > ${n} %}high{% else %}low{% endif %}`,
  (n: number) => `{{ hosts[${n % 8}].name }}`,
  (n: number) => `{{ name ~ '.' ~ flags['level'] ~ '.${n}' }}`,
];
const expressions = Array.from({ length: 10_000 }, (_, n) =>
  (shapes[n % shapes.length] as (n: number) => string)(n),
);
const config = readFileSync(join(here, "config.j2"), "utf8");

function measure(work: () => void, count: number): number {
  work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return (count / best) * 1000;
}

const source = fromJson(variables) as Dict;
const environment = new Environment();
const templar = new Templar(environment, variablesOf(source));
let lines = 0;
const ours = {
  config: measure(() => {
    for (let round = 0; round < rounds; round++)
      lines = templar.renderFile(config).split("\n").length - 1;
  }, rounds),
  expressions: measure(() => {
    for (const text of expressions) templar.template(text, { convertData: false });
  }, expressions.length),
  compiled: measure(() => {
    const fresh = new Templar(new Environment(), variablesOf(source));
    for (const text of expressions.slice(0, 2000)) fresh.template(text, { convertData: false });
  }, 2000),
};

const directory = mkdtempSync(join(tmpdir(), "bench-template-"));
const input = join(directory, "input.json");
writeFileSync(input, JSON.stringify({ variables, config, expressions, rounds }));
const python = spawnSync("python3", [join(here, "jinja2_bench.py"), input], { encoding: "utf8" });
rmSync(directory, { recursive: true });
if (python.status !== 0) throw new Error(`python3 with jinja2 is needed: ${python.stderr}`);
const theirs = JSON.parse(python.stdout) as Record<keyof typeof ours | "lines", number>;

console.log(`configuration of ${lines} lines (Jinja2: ${theirs.lines})`);
const names = {
  config: "configurations a second",
  expressions: "small expressions a second, compiled before",
  compiled: "small expressions a second, with compilation",
} as const;
for (const key of ["config", "expressions", "compiled"] as const) {
  const ratio = (ours[key] / theirs[key]).toFixed(1);
  console.log(
    `${names[key]}: ${Math.round(ours[key])}, Jinja2 ${Math.round(theirs[key])}: ${ratio} times`,
  );
}
