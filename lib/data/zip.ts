import {
  configure,
  ERR_BAD_FORMAT,
  ERR_EOCDR_NOT_FOUND,
  ERR_UNSUPPORTED_COMPRESSION,
  type FileEntry,
  Reader,
  Uint8ArrayReader,
  ZipReader,
  ZipWriter,
} from "@zip.js/zip.js";
import { UserError } from "../errors.ts";
import { formatByEnding } from "../file_format.ts";

// Arrays are large, and their bytes would have to be handed to a worker and back.
configure({ useWebWorkers: false, chunkSize: 1 << 20 });

/** Bytes that can be read in parts. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Reads what lies between two offsets inside the source. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Unpacks it, onto shared memory, and checks its checksum. */
  read(): Promise<Uint8Array>;
}

/**
 * Lists the files of a zip archive, with ZIP64, stored or deflated. Only the directory is read;
 * each file when it is asked for, so that memory holds what is used and nothing twice.
 *
 * @throws {UserError} If it is not a zip archive, is cut off, or damaged.
 */
export async function openZip(source: ByteSource): Promise<ZipEntry[]> {
  // Names are those of tensors, which may hold what a file name may not.
  const options = { checkSignature: true, filenameValidation: "tolerant" } as const;
  const archive = new ZipReader(new SourceReader(source), options);
  const entries = await archive.getEntries().catch(async (cause) => {
    const why = await brokenArchive(source, cause);
    throw new UserError(`Cannot read ${source.name}: ${why}`, { cause });
  });
  return entries.filter((entry) => !entry.directory)
    .map((entry) => ({ name: entry.filename, read: () => readEntry(source, entry) }));
}

class SourceReader extends Reader<ByteSource> {
  constructor(readonly source: ByteSource) {
    super(source);
    this.size = source.size;
  }
  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    return await this.source.read(index, Math.min(index + length, this.size));
  }
}

async function readEntry(source: ByteSource, entry: FileEntry): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer(entry.uncompressedSize));
    let at = 0;
    await entry.getData(
      new WritableStream<Uint8Array>({
        write(chunk) {
          bytes.set(chunk, at);
          at += chunk.length;
        },
      }),
    );
    if (at < bytes.length) throw new Error(`${at} of ${bytes.length} bytes`);
    return bytes;
  } catch (cause) {
    const { message } = cause as Error;
    throw new UserError(
      entry.encrypted || message === ERR_UNSUPPORTED_COMPRESSION
        ? `Cannot read ${entry.filename} of ${source.name}: it is encrypted or packed with a ` +
          `method that numpy does not use; save it with np.savez`
        : `Cannot read ${source.name}: its "${entry.filename}" is damaged; copy or save the file again`,
      { cause },
    );
  }
}

async function brokenArchive(
  { name, size, read }: ByteSource,
  { message }: Error,
): Promise<string> {
  if (![ERR_BAD_FORMAT, ERR_EOCDR_NOT_FOUND].includes(message)) {
    return "the archive is damaged; copy or save the file again";
  }
  return String(await read(0, Math.min(4, size))) === "80,75,3,4"
    ? "the archive is cut off; copy or save the file again"
    : formatByEnding(name, "samples") ?? "it is not a zip archive (.npz)";
}

/** Writes files as a zip archive, stored as they are; the same files give the same bytes. */
export async function writeZip(
  target: WritableStream,
  files: readonly (readonly [name: string, bytes: Uint8Array])[],
): Promise<void> {
  const archive = new ZipWriter(target, {
    level: 0,
    extendedTimestamp: false,
    dataDescriptor: false,
    lastModDate: new Date(1980, 0, 1), // the format's first day
  });
  for (const [name, bytes] of files) await archive.add(name, new Uint8ArrayReader(bytes));
  await archive.close();
}
