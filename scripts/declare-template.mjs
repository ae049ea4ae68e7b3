/**
 * Writes the type declarations of `layerbook/template`: `template.d.mts` beside the library, and in
 * `types` what it refers to (only that), so that a consumer needs no other types.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "src");
const entry = "template/index.ts";

/** Into `directory`. The declarations are modules like the library, so imports name `.mjs`. */
export async function declareTemplate(directory) {
  const output = join(directory, "types");
  mkdirSync(join(root, "dist"), { recursive: true });
  const scratch = mkdtempSync(join(root, "dist/declare-"));
  try {
    const config = join(scratch, "tsconfig.json");
    const compilerOptions = {
      noEmit: false,
      // Types are checked elsewhere; here they are only written down.
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: source,
      outDir: scratch,
      typeRoots: [join(root, "node_modules/@types")],
    };
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions,
        include: [],
        files: [join(source, entry)],
      }),
    );
    await promisify(execFile)(process.execPath, [
      join(root, "node_modules/typescript/bin/tsc"),
      "-p",
      config,
    ]);
    rmSync(output, { recursive: true, force: true });
    const waiting = [join(scratch, entry)];
    const written = new Set(waiting);
    for (const file of waiting) {
      const text = readFileSync(file.replace(/\.ts$/, ".d.ts"), "utf8");
      const target = join(output, relative(scratch, file)).replace(/\.ts$/, ".d.mts");
      mkdirSync(dirname(target), { recursive: true });
      const moved = text.replace(/(\bfrom |\bimport\()"(\.[^"]*)\.ts"/g, (_, before, specifier) => {
        const other = resolve(dirname(file), `${specifier}.ts`);
        if (!written.has(other)) {
          written.add(other);
          waiting.push(other);
        }
        return `${before}"${specifier}.mjs"`;
      });
      writeFileSync(target, moved);
    }
    writeFileSync(
      join(directory, "template.d.mts"),
      `export * from "./types/${entry.replace(/\.ts$/, ".mjs")}";\n`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
