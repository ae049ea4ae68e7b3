/** Runs commands in turn and compares medians. */
import { spawn } from "node:child_process";

/** Wall time in seconds; the output is shown when the command fails. */
export async function time(argv, options = {}) {
  const begun = process.hrtime.bigint();
  await run(argv, options);
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

export function run(argv, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 || options.anyExit) resolve(output);
      else reject(new Error(`${argv.join(" ")} ended with ${code}:\n${output.slice(-4000)}`));
    });
  });
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

/**
 * @param contestants [{ name, prepare?, run }]; each round runs every contestant once, in order
 * @returns medians by name
 */
export async function compare(title, contestants, rounds) {
  const times = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      if (contestant.rounds !== undefined && round >= contestant.rounds) continue;
      await contestant.prepare?.(round);
      times.get(contestant.name).push(await contestant.run(round));
    }
  }
  const ours = median(times.get("layerbook"));
  console.log(`\n${title}`);
  for (const [name, values] of times) {
    const own = median(values);
    const ratio = name === "layerbook" ? "" : `  ${(own / ours).toFixed(1)} times Layerbook's`;
    const spread = `${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`;
    console.log(
      `  ${name.padEnd(34)} ${own.toFixed(3).padStart(8)} s  (${values.length} runs, ${spread})${ratio}`,
    );
  }
  return Object.fromEntries([...times].map(([name, values]) => [name, median(values)]));
}
