import { join } from "node:path";
import { absolutePath, projectPath, ROOT, run, topLevelFiles, typescriptFiles } from "./tree.ts";

/** One file of the project and what it imports, types included. */
export interface Module {
  /** e.g. `lib/tensor/tensor.ts`. */
  readonly path: string;
  /** Paths of files of the project. */
  readonly files: readonly string[];
  /** Names of npm packages. */
  readonly packages: readonly string[];
  /** Of all that: files, packages and parts of the system that importing the file loads at once. */
  readonly loads: readonly string[];
}

interface Dependency {
  /** Loaded when the code asks for it. */
  readonly isDynamic?: boolean;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

/**
 * Reads with `deno info` what each module imports: all that stand beside `deno.json` or in the folders,
 * since Workers are started by address and are nobody's import.
 */
export async function readModules(
  folders: readonly string[] = ["lib/", "scripts/"],
): Promise<Module[]> {
  const paths = [...await topLevelFiles(), ...await typescriptFiles(...folders)];
  const folder = await Deno.makeTempDir();
  try {
    const root = join(folder, "root.ts"); // deno info takes one module
    const imports = paths.map((path) => `import ${JSON.stringify(new URL(path, ROOT).href)};`);
    await Deno.writeTextFile(root, imports.join("\n"));
    const config = absolutePath("deno.json");
    const info = JSON.parse(await run(Deno.execPath(), "info", "--json", "-c", config, root));
    const modules = info.modules as { specifier: string; dependencies?: Dependency[] }[];
    return modules.flatMap(({ specifier, dependencies = [] }) => {
      const path = projectPath(specifier);
      return path === undefined ? [] : [{ path, ...readDependencies(dependencies) }];
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * One way around through modules that import each other in a circle, the first module once more at
 * its end; undefined if there is none.
 */
export function findCycle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (module: string, way: readonly string[]): string[] | undefined => {
    const seen = way.indexOf(module);
    if (seen >= 0) return [...way.slice(seen), module];
    if (done.has(module)) return undefined;
    for (const next of imports.get(module) ?? []) {
      const cycle = visit(next, [...way, module]);
      if (cycle) return cycle;
    }
    done.add(module);
  };
  for (const module of imports.keys()) {
    const cycle = visit(module, []);
    if (cycle) return cycle;
  }
}

function readDependencies(dependencies: readonly Dependency[]): Omit<Module, "path"> {
  const loads = dependencies.flatMap(({ code, isDynamic }) =>
    isDynamic || code?.specifier === undefined ? [] : [
      projectPath(code.specifier) ?? packageOf(code.specifier) ?? code.specifier,
    ]
  );
  const specifiers = new Set(
    dependencies.flatMap(({ code, type }) => [code?.specifier, type?.specifier])
      .filter((specifier) => specifier !== undefined),
  );
  const files = new Set<string>();
  const packages = new Set<string>();
  for (const specifier of specifiers) {
    const path = projectPath(specifier);
    if (path !== undefined) files.add(path);
    const name = packageOf(specifier);
    if (name !== undefined) packages.add(name);
  }
  return { files: [...files], packages: [...packages], loads };
}

/** Of `npm:zod@4.6.7` and `npm:/@scope/name@1.0.0/file.wasm`: `zod` and `@scope/name`. */
function packageOf(specifier: string): string | undefined {
  return specifier.match(/^npm:\/?((?:@[^/]+\/)?[^@/]+)/)?.[1];
}

/** What importing a file loads besides files of the project: packages and parts of the system, in order. */
export function loadedBy(path: string, modules: readonly Module[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const seen = new Set<string>();
  const visit = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    byPath.get(name)?.loads.forEach(visit);
  };
  visit(path);
  return [...seen].filter((name) => !byPath.has(name)).sort();
}
