/** Files of an archive: bytes by path. */
export type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** Tar's unit: headers and contents begin at multiples of it. */
const BLOCK = 512;

/** Longest name that fits into a header; longer ones would take an extension of the format. */
const LONGEST_NAME = 100;

/** When files were last changed, as npm writes it: 1985-10-26, the same in every packing. */
const CHANGED = 499162500;

const EXECUTABLE = 0o755;
const PLAIN = 0o644;

/**
 * Writes a tar (ustar) whose bytes follow from names and contents alone: sorted, of one time and owner.
 *
 * @param executable Whether a file is a program.
 * @throws {RangeError} If a name is longer than 100 bytes.
 */
export function writeTar(
  files: Files,
  executable: (path: string) => boolean,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const path of [...files.keys()].sort()) {
    const bytes = files.get(path)!;
    parts.push(headerOf(path, bytes.length, executable(path) ? EXECUTABLE : PLAIN), bytes);
    parts.push(new Uint8Array(padding(bytes.length)));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return concat(parts);
}

/** Reads the plain files of a tar (ustar); folders and extensions of the format are left out. */
export function readTar(tar: Uint8Array): Files {
  const files: Files = new Map();
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + BLOCK);
    const size = parseInt(textAt(header, 124, 12), 8);
    const type = textAt(header, 156, 1);
    const prefix = textAt(header, 345, 155);
    const name = textAt(header, 0, LONGEST_NAME);
    at += BLOCK;
    if (type === "0" || type === "") {
      files.set(prefix ? `${prefix}/${name}` : name, new Uint8Array(tar.subarray(at, at + size)));
    }
    at += size + padding(size);
  }
  return files;
}

function headerOf(path: string, size: number, mode: number): Uint8Array {
  const name = new TextEncoder().encode(path);
  if (name.length > LONGEST_NAME) {
    throw new RangeError(`Cannot pack ${path}: its name is longer than ${LONGEST_NAME} bytes`);
  }
  const header = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  header.set(name);
  put(100, octal(mode, 7));
  put(108, octal(0, 7)); // owner
  put(116, octal(0, 7)); // group
  put(124, octal(size, 11));
  put(136, octal(CHANGED, 11));
  put(148, " ".repeat(8)); // the checksum counts as spaces in itself
  put(156, "0"); // a plain file
  put(257, "ustar\0" + "00");
  const sum = header.reduce((sum, byte) => sum + byte, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return header;
}

/** Bytes from the end of a content to the next block. */
function padding(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}

function textAt(header: Uint8Array, at: number, length: number): string {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
