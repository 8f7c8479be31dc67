import { downloadSizes } from "../evaluate/download_sizes.ts";
import { BINARIES, type Binary, binaryFiles } from "../record/binary.ts";
import type { Download } from "../record/download.ts";
import type { EntryLoad } from "../record/runtime_table.ts";
import { packageEntries } from "../runtime/package_entries.ts";
import { runtimeFile } from "../runtime/package_files.ts";

/** Options for {@linkcode entryLoads}. */
export interface EntryLoadsOptions {
  /** Folder `dist/` of the release. @default {that of Octavo's own} */
  dist?: URL;
  /** Of which binaries. @default {all} */
  binaries?: readonly Binary[];
  /** Called with the name of a file before it is compressed. */
  onProgress?: (file: string) => void;
}

/**
 * What each entry of a release makes a page load, by the binary that it leads to: its files, in bytes, and after
 * gzip and brotli. A WASM file takes seconds to compress.
 */
export async function entryLoads(
  { dist, binaries = BINARIES, onProgress }: EntryLoadsOptions = {},
): Promise<Map<Binary, EntryLoad[]>> {
  const sizes = new Map<string, { bytes: number } & Download>();
  const sizeOf = async (file: string) => {
    const known = sizes.get(file);
    if (known) return known;
    onProgress?.(file);
    const bytes = await runtimeFile(file, dist);
    const size = { bytes: bytes.length, ...await downloadSizes(bytes) };
    sizes.set(file, size);
    return size;
  };
  const loads = new Map<Binary, EntryLoad[]>();
  for (const { entry, wasm, scripts } of await packageEntries(dist)) {
    const binary = binaries.find((one) => binaryFiles(one).wasm === wasm);
    if (binary === undefined) continue;
    const load: EntryLoad = {
      ...{ entry, files: [...scripts, wasm] },
      ...{ bytes: 0, download: { gzip: 0, brotli: 0 } },
    };
    for (const file of load.files) {
      const { bytes, gzip, brotli } = await sizeOf(file);
      load.bytes += bytes;
      load.download.gzip += gzip;
      load.download.brotli += brotli;
    }
    loads.set(binary, [...loads.get(binary) ?? [], load]);
  }
  return loads;
}
