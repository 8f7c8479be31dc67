import { fileURLToPath } from "node:url";

/** Folder that holds `deno.json`, with a slash at its end. */
export const ROOT = new URL("../../", import.meta.url);

/** Text of a file of the project. */
export function readText(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Output of a program that runs in the project's folder; an error with its words if it fails. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args, cwd: ROOT, env: { NO_COLOR: "1" } });
  const { success, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} ${args.join(" ")}\n${text(stderr)}`);
  return text(stdout);
}

/**
 * Paths that git has under version control and that are still there; undefined where the project is
 * no checkout, or git is missing.
 */
export async function trackedFiles(): Promise<string[] | undefined> {
  let list: string;
  try {
    list = await run("git", "ls-files", "-z");
  } catch {
    return undefined;
  }
  return list.split("\0").filter((path) => path !== "" && exists(path)).sort();
}

/**
 * Paths of the TypeScript files in the folders, which end in a slash; but for those that tell the types of what
 * is written in JavaScript.
 */
export async function typescriptFiles(...folders: string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
      if (isDirectory) files.push(...await typescriptFiles(`${folder}${name}/`));
      else if (/^[^.].*(?<!\.d)\.ts$/.test(name)) files.push(folder + name);
    }
  }
  return files.sort();
}

/** Names of the TypeScript files beside `deno.json`: what the project exports. */
export async function topLevelFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isFile } of Deno.readDir(ROOT)) {
    if (isFile && name.endsWith(".ts") && !name.startsWith(".")) files.push(name);
  }
  return files.sort();
}

/** Path of a file of the project, from its address; undefined for any other file. */
export function projectPath(url: string): string | undefined {
  return url.startsWith(ROOT.href) ? decodeURI(url.slice(ROOT.href.length)) : undefined;
}

/** Absolute path in the file system. */
export function absolutePath(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(new URL(path, ROOT)).isFile;
  } catch {
    return false;
  }
}
