import decode, { init } from "@jsquash/jpeg/decode.js";
import { UserError } from "../../errors.ts";
import { orDamaged } from "../damaged.ts";
import { dropAlpha, type Picture, requireSize } from "./picture.ts";

/** What libjpeg said last; it says it before it ends with no more than an exit code. */
let said: string | undefined;

const listen = () => init({ printErr: (line: string) => said = line });
let listening: Promise<void> | undefined;

/** Ends when the decoder is free: what it says would be taken for what another picture has. */
let free: Promise<unknown> = Promise.resolve();

/** Runs a task when those before it have ended, well or not. */
function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const ended = free.then(task);
  free = ended.catch(() => {});
  return ended;
}

/**
 * Decodes a JPEG.
 *
 * @param name What messages call it.
 * @throws {UserError} If it is cut off, damaged or too large.
 */
export async function decodeJpeg(bytes: Uint8Array, name: string): Promise<Picture> {
  if (isCutOff(bytes)) throw new UserError(`Cannot read ${name}: it is cut off`);
  const size = frameSize(bytes);
  if (size) requireSize(size, name);
  return await inTurn(() => decodeNext(bytes, name));
}

async function decodeNext(bytes: Uint8Array, name: string): Promise<Picture> {
  await (listening ??= listen());
  said = undefined;
  // A slice is an array of its own, and no view of a larger or shared one.
  const { width, height, data } = await orDamaged(name, () => decode(bytes.slice().buffer), () => {
    listening = undefined; // the decoder has exited, the next picture takes a new one
    return said ?? "the decoder gives no reason";
  });
  if (/premature end/i.test(said ?? "")) {
    throw new UserError(`Cannot read ${name}: it is cut off (${said})`);
  }
  return { width, height, channels: 3, data: dropAlpha(Uint8Array.from(data), 4) };
}

/**
 * Whether the scan that begins last does not end; the decoder would fill it up with grey. Within a
 * scan 0xff is followed by other bytes than those of these two markers.
 */
function isCutOff(bytes: Uint8Array): boolean {
  const last = (marker: number) => {
    let at = bytes.length - 2;
    while (at >= 0 && !(bytes[at] === 0xff && bytes[at + 1] === marker)) at--;
    return at;
  };
  const [startOfScan, endOfImage] = [0xda, 0xd9];
  return last(startOfScan) > last(endOfImage);
}

/** Pixels that the first frame has, as its header says: SOF, the markers 0xc0 to 0xcf but three. */
function frameSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const word = (at: number) => bytes[at]! * 256 + bytes[at + 1]!;
  for (let at = 2; at + 8 < bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) at++; // filling
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: word(at + 5), width: word(at + 7) };
    } else at += 2 + word(at + 2);
  }
  return undefined;
}
