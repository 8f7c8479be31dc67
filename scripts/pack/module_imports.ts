import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../../lib/errors.ts";
import type { Files } from "./tar.ts";

/** Something that a module of a package imports. */
export interface ModuleImport {
  /** Path of the module in the package. */
  readonly module: string;
  /** As the module names it. */
  readonly name: string;
  /** Why Deno finds no package behind the name. */
  readonly error?: string;
}

/** What `deno info` says of one place that a name leads to. */
interface Resolved {
  readonly error?: string;
}

/** A module in what `deno info --json` says. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: Resolved;
    readonly type?: Resolved;
  }[];
}

/** The module that imports all others; its name is one that no package has. */
const ROOT = ".every.ts";

/**
 * Every import of a package's modules and declarations, as Deno's own parser finds them: in code alone,
 * not in comments and texts.
 */
export async function moduleImports(files: Files): Promise<ModuleImport[]> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "octavo-imports-" }));
  try {
    const modules = [...files.keys()].filter((path) => /\.(js|d\.ts)$/.test(path));
    for (const path of [...modules, "package.json"]) {
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeFile(join(folder, path), files.get(path)!);
    }
    const lines = modules.map((path) => `import type {} from ${JSON.stringify(`./${path}`)};\n`);
    await Deno.writeTextFile(join(folder, ROOT), lines.join(""));
    return importsOf(await graphOf(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function graphOf(folder: string): Promise<readonly ModuleInfo[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", "--node-modules-dir=none", ROOT],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new UserError(`Cannot pack: ${new TextDecoder().decode(stderr).trim()}`);
  return JSON.parse(new TextDecoder().decode(stdout)).modules;
}

function importsOf(graph: readonly ModuleInfo[], folder: string): ModuleImport[] {
  const inside = pathToFileURL(`${folder}/`).href;
  return graph.filter(({ specifier }) => specifier.startsWith(inside)).flatMap((info) => {
    const module = relative(folder, fileURLToPath(info.specifier)).replaceAll("\\", "/");
    if (module === ROOT) return [];
    return (info.dependencies ?? []).map(({ specifier, code, type }) => {
      return { module, name: specifier, error: code?.error ?? type?.error };
    });
  });
}
