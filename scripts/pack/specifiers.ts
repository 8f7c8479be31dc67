import type { NpmTarget } from "./project.ts";

/** Lines that only comment: examples in them are for people, who run the sources. */
const COMMENT = /^[ \t]*(?:\*(?!\/)|\/\/).*$/.source;

/** An address in the code, beside the module: a worker, or a file to be read. */
const ADDRESS =
  /(?<head>new URL\(\s*|import\.meta\.resolve\(\s*)"(?<path>\.[^"]*)"(?=,\s*import\.meta\.url|\s*\))/
    .source;

const CODE_ADDRESS = new RegExp(`${COMMENT}|${ADDRESS}`, "gm");

/** Addresses of files relative to the module, as in `new URL("./worker.ts", import.meta.url)`. */
export function addressesIn(source: string): string[] {
  return [...source.matchAll(CODE_ADDRESS)]
    .flatMap(({ groups }) => groups?.path ?? [])
    .filter((path) => !/(^|\/)\.{0,2}$/.test(path)); // folders are always there
}

/** The same module with files as they are called in the package: a worker's, and what has the version. */
export function withPackedFiles(source: string): string {
  return source
    .replace(CODE_ADDRESS, (found, head, path) => {
      return path === undefined ? found : `${head}"${path.replace(/(?<!\.d)\.ts$/, ".js")}"`;
    })
    .replace(/(?<=\bfrom "[./]+\/)deno\.json(?=")/g, "package.json");
}

/** The same module with names that only Deno's import map knows written as Node knows them. */
export function withNpmNames(source: string, targets: ReadonlyMap<string, NpmTarget>): string {
  let renamed = source;
  for (const [alias, { specifier }] of targets) {
    if (!alias.endsWith("/")) renamed = renamed.replaceAll(`"${alias}"`, `"${specifier}"`);
  }
  return renamed;
}

/** The packages whose names stand in a module, wherever that is: fonts are found by name at run time. */
export function packagesIn(
  source: string,
  targets: ReadonlyMap<string, NpmTarget>,
): NpmTarget[] {
  return [...targets]
    .filter(([alias]) => source.includes(`"${alias}${alias.endsWith("/") ? "" : '"'}`))
    .map(([, target]) => target);
}
