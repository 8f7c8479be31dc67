import { UserError } from "../../lib/errors.ts";
import { readUserFile } from "../../lib/user_file.ts";

/**
 * Reads a text file that the user named; the mark that editors on Windows put in front is left out.
 *
 * @throws {UserError} If it cannot be read, or holds no text.
 */
export async function readText(path: string): Promise<string> {
  const bytes = await readUserFile(path);
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) ||
    (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) throw new UserError(`Cannot read ${path}: it is text in UTF-16; save it as UTF-8`);
  const text = new TextDecoder().decode(bytes);
  // What is no UTF-8 is decoded as U+FFFD; a zero byte is in no text that people write.
  if (/[\0\ufffd]/.test(text)) {
    throw new UserError(`Cannot read ${path}: it is no text; save it as UTF-8`);
  }
  return text;
}
