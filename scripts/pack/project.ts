import { UserError } from "../../lib/errors.ts";

/** What of `deno.json` a package is made from. */
export interface Project {
  readonly version: string;
  readonly license: string;
  /** What users may import, with the module behind each: `{ ".": "./mod.ts" }`. */
  readonly exports: Readonly<Record<string, string>>;
  /** Names that modules import by: `{ "zod": "npm:zod@4.6.7" }`. */
  readonly imports: Readonly<Record<string, string>>;
  readonly compilerOptions?: unknown;
  readonly unstable?: unknown;
}

/** A package that a name of `imports` leads to. */
export interface NpmTarget {
  readonly name: string;
  /** Exact, as in `1.30.0`. */
  readonly version: string;
  /** What Node and bundlers know it by: the package's name, and a path in it. */
  readonly specifier: string;
}

/**
 * The packages behind the names of `imports`; what leads to files of the project has none.
 *
 * @throws {UserError} If a version is missing or not exact.
 */
export function npmTargets(imports: Project["imports"]): Map<string, NpmTarget> {
  const targets = new Map<string, NpmTarget>();
  for (const [alias, target] of Object.entries(imports)) {
    if (target.startsWith("./")) continue;
    const parts = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)@(\d+\.\d+\.\d+(?:-[\w.]+)?)(\/.*)?$/.exec(target);
    if (!parts) {
      throw new UserError(
        `Cannot pack: "${alias}" of deno.json's imports is ${target}; ` +
          "expected a package with its exact version, such as npm:zod@4.6.7",
      );
    }
    const [, name, version, path = ""] = parts;
    targets.set(alias, { name: name!, version: version!, specifier: name + path });
  }
  return targets;
}
