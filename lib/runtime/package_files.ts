import { readUserFile } from "../user_file.ts";

/**
 * A file of the onnxruntime-web that models run on, out of the package's `dist/`.
 *
 * @param name e.g. `ort-wasm-simd-threaded.wasm`.
 * @param dist That folder of another release. @default {that of Octavo's own}
 * @throws {UserError} If the package has no such file.
 * @example
 * ```ts
 * import { runtimeFile } from "./package_files.ts";
 * import assert from "node:assert/strict";
 * const wasm = await runtimeFile("ort-wasm-simd-threaded.wasm");
 * assert.ok(WebAssembly.validate(wasm));
 * ```
 */
export async function runtimeFile(
  name: string,
  dist: URL = distOf()!,
): Promise<Uint8Array<ArrayBuffer>> {
  return await readUserFile(new URL(name, dist), `${name} of onnxruntime-web`);
}

/**
 * The folder `dist/` of a release that this process has loaded.
 *
 * @param module What was imported: see `RuntimeOptions.ort`. @default {Octavo's own}
 * @returns Undefined where it does not lie on this disk.
 */
export function distOf(
  module: string = "onnxruntime-web/ort-wasm-simd-threaded.wasm",
): URL | undefined {
  const folder = new URL(".", import.meta.resolve(module));
  return folder.protocol === "file:" ? folder : undefined;
}
