import { reasonOf, UserError } from "../errors.ts";

/**
 * Decodes a file, and says of whatever goes wrong that the file is damaged: decoders throw what they
 * like, from a sentence to an exit code.
 *
 * @param name How messages call the file.
 * @param found What the decoder has said besides. @default {the message of what it throws}
 * @throws {UserError} Those of `decode` as they are, and one for everything else.
 */
export async function orDamaged<T>(
  name: string,
  decode: () => T | Promise<T>,
  found: () => string | undefined = () => undefined,
): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const tooLarge = error instanceof RangeError && /allocat/i.test(error.message);
    const what = found() ?? (error instanceof Error ? reasonOf(error).replace(/[:.\s]+$/, "") : "");
    throw new UserError(
      `Cannot read ${name}: ${tooLarge ? "it takes more memory than there is" : "it is damaged"}` +
        `${what && ` (${what})`}; copy or save the file again`,
      { cause: error },
    );
  }
}
