import { join, relative } from "node:path";
import type { Project } from "./project.ts";
import type { Files } from "./tar.ts";

/** What of the project goes into a package; of `deno.lock` come the versions. */
const PARTS = ["mod.ts", "lib", "scripts/cli", "README.md", "LICENSE", "deno.lock"];

/** Reads `deno.json` of a folder, and the files that belong in its package. */
export async function readProject(root: string): Promise<{ project: Project; files: Files }> {
  const project: Project = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  const files: Files = new Map();
  for (const part of PARTS) await readInto(files, root, join(root, part));
  return { project, files };
}

async function readInto(files: Files, root: string, path: string): Promise<void> {
  const { isDirectory } = await Deno.stat(path);
  if (!isDirectory) {
    files.set(relative(root, path).replaceAll("\\", "/"), await Deno.readFile(path));
    return;
  }
  for await (const { name } of Deno.readDir(path)) {
    if (!name.startsWith(".")) await readInto(files, root, join(path, name));
  }
}
