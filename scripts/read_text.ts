import { UserError } from "../lib/errors.ts";

/**
 * Reads a text file that the user named.
 *
 * @throws {UserError} If it cannot be read.
 */
export async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new UserError(`Cannot read ${path}: ${reason}`, { cause: error });
  }
}
