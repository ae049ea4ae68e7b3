/** The library as someone else's project sees it: README's examples run, and their types are right. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

const project = mkdtempSync(join(tmpdir(), "layerbook-consumer-"));
const installed = join(project, "node_modules/layerbook");
const [example = "", extending = ""] = Array.from(
  readFileSync("src/template/README.md", "utf8").matchAll(/```ts\n(.*?)```/gs),
  ([, code]) => code,
);

beforeAll(async () => {
  mkdirSync(join(installed, "dist"), { recursive: true });
  cpSync("package.json", join(installed, "package.json"));
  const declare = resolve("scripts/declare-template.mjs");
  const { declareTemplate } = (await import(declare)) as {
    declareTemplate: (directory: string) => Promise<void>;
  };
  await Promise.all([
    declareTemplate(join(installed, "dist")),
    build({
      entryPoints: ["src/template/index.ts"],
      outfile: join(installed, "dist/template.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
      banner: {
        js: 'import{createRequire as lbRequire}from"node:module";const require=lbRequire(import.meta.url);',
      },
    }),
  ]);
}, 60_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What tsc says about a text; "" if it is content. No types but the library's are there. */
function typeErrors(text: string): string {
  writeFileSync(join(project, "consumer.mts"), text);
  const options = "--noEmit --strict --exactOptionalPropertyTypes --module nodenext --lib es2023";
  try {
    return execFileSync(
      process.execPath,
      [
        resolve("node_modules/typescript/bin/tsc"),
        ...options.split(" "),
        "--types",
        "",
        "consumer.mts",
      ],
      { cwd: project, encoding: "utf8" },
    );
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

it("runs README's example, which shows what it says", () => {
  const expected: unknown[] = [];
  const script = example.replace(/^(\S.*); \/\/ (.*)$/gm, (_, expression, answer) => {
    expected.push(JSON.parse(answer));
    return `shown.push(${expression});`;
  });
  const file = join(project, "example.mjs");
  writeFileSync(file, `const shown = [];\n${script}\nconsole.log(JSON.stringify(shown));\n`);
  expect(expected).toHaveLength(4);
  expect(JSON.parse(execFileSync(process.execPath, [file], { encoding: "utf8" }))).toEqual(
    expected,
  );
});

it("has types for README's examples, which need no other types", () => {
  const context = [
    `import { type ControllerFiles, length, type StopSignal, str } from "layerbook/template";`,
    "declare const myControllerFiles: ControllerFiles;",
    "declare const controller: { signal: StopSignal };",
  ];
  expect(typeErrors([...context, example, extending].join("\n"))).toBe("");
});

it("has types that find mistakes", () => {
  expect(typeErrors(`${example}\nconst port: number = templar.template("{{ port }}");`)).toMatch(
    /^consumer\.mts\(\d+,7\): error TS2322: Type 'Value' is not assignable to type 'number'/,
  );
});
