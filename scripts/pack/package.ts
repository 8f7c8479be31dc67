import { UserError } from "../../lib/errors.ts";
import { compile } from "./compile.ts";
import { faultsOf } from "./faults.ts";
import { BIN, type Manifest, manifestOf } from "./manifest.ts";
import { type NpmTarget, npmTargets, type Project } from "./project.ts";
import { packagesIn, withNpmNames, withPackedFiles } from "./specifiers.ts";
import { type Files, writeTar } from "./tar.ts";

/** Names and sizes of all files: by it the command sees whether its installation is whole. */
const CONTENTS = "contents.json";

/** An npm package, ready to be written. */
export interface Package {
  readonly manifest: Manifest;
  /** By path in the package. */
  readonly files: Files;
}

/**
 * Makes the npm package of the project: its modules compiled, and every other file as it is.
 *
 * @param files The project's files that belong in it, and `deno.lock`.
 * @throws {UserError} If something in it would break once it is installed; the message names each.
 */
export async function makePackage(project: Project, files: Files): Promise<Package> {
  requireOwnPlaces(files);
  const modules = await compile(project, files);
  const targets = npmTargets(project.imports);
  const packed: Files = new Map();
  const used: NpmTarget[] = [];
  for (const [path, bytes] of modules) {
    const source = new TextDecoder().decode(bytes);
    used.push(...packagesIn(source, targets));
    packed.set(path, bytesOf(withNpmNames(withPackedFiles(source), targets)));
  }
  for (const [path, bytes] of files) {
    if (path.endsWith(".ts") || path === "deno.lock") continue;
    packed.set(path, bytes);
  }
  const manifest = manifestOf(project, used);
  packed.set("package.json", bytesOf(jsonText(manifest)));
  packed.set(CONTENTS, bytesOf(jsonText(sizesOf(packed))));
  const faults = await faultsOf(packed, manifest);
  if (faults.length > 0) throw new UserError(`Cannot pack:\n${faults.join("\n")}`);
  return { manifest, files: packed };
}

/** Refuses a file that stands where a module goes once it is compiled. */
function requireOwnPlaces(files: Files): void {
  for (const path of files.keys()) {
    if (path.endsWith(".js") && files.has(path.replace(/js$/, "ts"))) {
      throw new UserError(`Cannot pack: ${path} is also what a module is compiled to; rename one`);
    }
  }
}

/** The bytes of the `.tgz`: the same for the same files. */
export async function tarballOf({ files }: Package): Promise<Uint8Array<ArrayBuffer>> {
  const inFolder: Files = new Map([...files].map(([path, bytes]) => [`package/${path}`, bytes]));
  const tar = writeTar(inFolder, (path) => path === `package/${BIN}`);
  const stream = new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

function sizesOf(files: Files): Record<string, number> {
  return Object.fromEntries([...files].map(([path, { length }]) => [path, length] as const).sort());
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
