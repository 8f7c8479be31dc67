import { dirname, join, posix } from "node:path";
import { UserError } from "../../lib/errors.ts";
import type { Project } from "./project.ts";
import { addressesIn } from "./specifiers.ts";
import { type Files, readTar } from "./tar.ts";

/**
 * Compiles modules to JavaScript with declarations, by `deno pack` on a copy of them: it follows imports,
 * so workers, which are named by addresses, are exports of the copy too. Of what it packs only modules
 * are taken.
 *
 * @param sources The project's TypeScript files; with `deno.lock`, so that versions are the known ones.
 * @throws {UserError} If `deno pack` fails.
 */
export async function compile(project: Project, sources: Files): Promise<Files> {
  const folder = await Deno.makeTempDir({ prefix: "octavo-pack-" });
  try {
    for (const [path, bytes] of sources) {
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeFile(join(folder, path), bytes);
    }
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(copyOf(project, sources)));
    const archive = join(folder, "packed.tgz");
    await denoPack(folder, archive);
    return modulesOf(readTar(await unzipped(archive)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The `deno.json` of the copy: workers are exports too. */
function copyOf({ version, license, imports, exports, ...rest }: Project, sources: Files) {
  const workers = workersOf(sources).map((path) => [`./${path}`, `./${path}`]);
  return {
    ...{ name: "@octavo/octavo", version, license, imports },
    ...{ compilerOptions: rest.compilerOptions, unstable: rest.unstable },
    exports: { ...exports, ...Object.fromEntries(workers) },
  };
}

/** Modules that others name by address, as in `new Worker(new URL("./worker.ts", import.meta.url))`. */
export function workersOf(sources: Files): string[] {
  const workers = new Set<string>();
  for (const [path, bytes] of sources) {
    if (!path.endsWith(".ts")) continue;
    for (const address of addressesIn(new TextDecoder().decode(bytes))) {
      if (address.endsWith(".ts")) workers.add(posix.join(posix.dirname(path), address));
    }
  }
  return [...workers].sort();
}

async function denoPack(folder: string, archive: string): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["pack", "--quiet", "--no-source-maps", "--allow-dirty", "--output", archive],
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  const { success, stderr } = await command.output();
  if (success) return;
  const reason = new TextDecoder().decode(stderr).trim().replaceAll(folder, "");
  throw new UserError(`Cannot pack: deno pack failed:\n${reason}`);
}

async function unzipped(archive: string): Promise<Uint8Array> {
  const file = await Deno.open(archive);
  const stream = file.readable.pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).bytes();
}

/**
 * What was compiled, by path in the package; not what `deno pack` adds of its own, declarations of declarations
 * among it.
 */
function modulesOf(packed: Files): Files {
  const modules: Files = new Map();
  for (const [path, bytes] of packed) {
    if (/(?<!\.d\.ts)\.(js|d\.ts)$/.test(path)) modules.set(path.replace(/^package\//, ""), bytes);
  }
  return modules;
}
