import { UserError } from "../../lib/errors.ts";
import type { NpmTarget, Project } from "./project.ts";

/** The Deno that the package brings along: the one that the project is tested with. */
export const DENO_VERSION = "2.9.6";

/** The program behind the command `octavo`, for Node. */
export const BIN = "scripts/cli/bin/octavo.js";

/** What npm reads of a package. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, { types: string; default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/**
 * The `package.json`, with versions as exact as those of `deno.json`.
 *
 * Deno is an optional dependency, so that where it has no program (musl, 32 bits) the library's core can
 * still be installed, for Node and for pages; the command then says what is missing.
 *
 * @throws {UserError} If two versions of one package are used.
 */
export function manifestOf(project: Project, used: Iterable<NpmTarget>): Manifest {
  const dependencies = new Map<string, string>();
  for (const { name, version } of used) {
    const other = dependencies.get(name) ?? version;
    if (other !== version) {
      throw new UserError(`Cannot pack: both ${name}@${other} and ${name}@${version} are imported`);
    }
    dependencies.set(name, version);
  }
  return {
    name: "octavo",
    version: project.version,
    description: "Takes ONNX networks to int8 for onnxruntime-web's WASM kernels, " +
      "and shows with evidence what that bought",
    keywords: ["onnx", "onnxruntime-web", "quantization", "int8", "wasm"],
    license: project.license,
    type: "module",
    engines: { node: ">=20" },
    bin: { octavo: BIN },
    exports: {
      ...Object.fromEntries(
        Object.entries(project.exports).map(([name, module]) => [name, {
          types: module.replace(/\.[jt]s$/, ".d.ts"),
          default: module.replace(/\.ts$/, ".js"),
        }]),
      ),
    },
    dependencies: Object.fromEntries([...dependencies].sort()),
    optionalDependencies: { deno: DENO_VERSION },
  };
}
