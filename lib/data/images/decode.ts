import { UserError } from "../../errors.ts";
import type { Picture } from "./picture.ts";

/**
 * Decodes a PNG or a JPEG, told apart by their first bytes. 16 bits are brought to 8, palettes to
 * colours. The orientation that a camera notes beside a picture is left alone, as it is by Pillow.
 *
 * @param name What messages call it.
 * @throws {UserError} If it is neither, is cut off, damaged or too large, or lets something shine
 * through: what the network would see there is not in the file.
 */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<Picture> {
  const is = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  // Both decoders are loaded when they are first needed: most users bring arrays.
  if (is(0x89, 0x50, 0x4e, 0x47)) {
    const { decodePng } = await import("./decode_png.ts");
    return await decodePng(bytes, name);
  }
  if (is(0xff, 0xd8, 0xff)) {
    const { decodeJpeg } = await import("./decode_jpeg.ts");
    return await decodeJpeg(bytes, name);
  }
  throw new UserError(`Cannot read ${name}: it is neither a PNG nor a JPEG`);
}
