import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../lib/errors.ts";
import project from "../../../deno.json" with { type: "json" };

/** What a `deno.json` says, so that scripts and notebooks beside it can import Octavo. */
export interface OctavoImports {
  /** Where each entry lies. */
  readonly imports: Readonly<Record<string, string>>;
  /** Where Octavo is an npm package: the packages that it imports are found beside it. */
  readonly nodeModulesDir?: "manual";
  /** Of a clone, whose modules are checked with those beside the `deno.json`, as they are made for. */
  readonly compilerOptions?: object;
}

/**
 * The entries of the very Octavo that runs, clone or npm package, as they are imported from a folder. An
 * import map finds Octavo's modules, and those find their packages by their own `deno.json`, or in
 * `node_modules` (Deno 2.9.6).
 *
 * @param folder The folder of the `deno.json`.
 * @param resolve Where an entry lies. @default {where this Octavo imports it from}
 * @param isProgram Whether Octavo was compiled to one program.
 * @throws {UserError} If so: its modules lie in the program, where no other finds them.
 */
export function octavoImports(
  folder: string,
  resolve: (entry: string) => string = import.meta.resolve,
  isProgram: boolean = Deno.build.standalone,
): OctavoImports {
  if (isProgram) {
    throw new UserError(
      `Cannot make ${folder}: notebooks cannot import an Octavo that is compiled to one program; ` +
        "run init of a clone or of the npm package",
    );
  }
  const entries = Object.keys(project.exports)
    .filter((path) => path !== "./cli")
    .map((path) => path.replace(".", "octavo"));
  const places = entries.map((entry) => [entry, resolve(entry)] as const);
  const isPackage = places.some(([, url]) => url.includes("/node_modules/"));
  return {
    imports: Object.fromEntries(places.map(([entry, url]) => [entry, pathFrom(folder, url)])),
    ...(isPackage ? { nodeModulesDir: "manual" } : { compilerOptions: project.compilerOptions }),
  };
}

/**
 * How the Octavo that runs is called from a folder: the task of a clone, or the command of a package.
 *
 * @param root Where Octavo lies. @default {where this one does}
 */
export function octavoCommand(
  folder: string,
  root: URL = new URL("../../../", import.meta.url),
): string {
  const place = relative(folder, fileURLToPath(root)).replaceAll("\\", "/");
  if (!root.href.includes("/node_modules/")) return `deno task --config ${place}/deno.json`;
  const [above] = place.split("node_modules/");
  // npx looks in the folder and above it, and else would ask the registry for another octavo.
  return /^(\.\.\/)*$/.test(above!) ? "npx octavo" : `${above}node_modules/.bin/octavo`;
}

/** A module as import maps name it: a path where it lies on this disk. */
function pathFrom(folder: string, url: string): string {
  if (!url.startsWith("file:")) return url;
  const path = relative(folder, fileURLToPath(url)).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}
