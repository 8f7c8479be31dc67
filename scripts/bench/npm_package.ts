import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";

/**
 * Fetches a package for a measurement that needs what others ship, and nothing of it is kept.
 *
 * @param specifier Name and version: `name@1.2.3`.
 * @param folder An empty one, for the package's files.
 * @returns The folder with its `package.json`.
 */
export async function npmPackage(specifier: string, folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const run = async (name: string, ...args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command(name, { args, cwd: folder })
      .output();
    const text = new TextDecoder();
    if (!success) throw new UserError(`Cannot fetch ${specifier}: ${text.decode(stderr).trim()}`);
    return text.decode(stdout).trim();
  };
  const archive = (await run("npm", "pack", "--silent", specifier)).split("\n").at(-1)!;
  await run("tar", "-xzf", archive);
  await Deno.remove(join(folder, archive));
  return join(folder, "package");
}
