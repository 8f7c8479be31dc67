import { isPermitted } from "../permitted.ts";
import project from "../../deno.json" with { type: "json" };

/** Version of Octavo: part of whatever decides a result. */
export const OCTAVO_VERSION: string = project.version;

/**
 * The git revision of the user's project, so that a study can say which code it came with:
 * `3f1c6f0`, or `3f1c6f0 with changes` where files differ from it.
 *
 * @param folder Where to look. @default {the working directory}
 * @returns Undefined outside of a repository, and where git is missing or must not be run.
 */
export async function gitRevision(folder: string = Deno.cwd()): Promise<string | undefined> {
  const revision = await git(folder, "rev-parse", "--short=12", "HEAD");
  if (!revision) return undefined;
  // Untracked files do not count: the study's own folder is one of them.
  const changes = await git(folder, "status", "--porcelain", "--untracked-files=no");
  return changes ? `${revision} with changes` : revision;
}

async function git(folder: string, ...args: string[]): Promise<string | undefined> {
  if (!isPermitted({ name: "run", command: "git" })) return undefined;
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", folder, ...args],
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}
