import { readUserFile } from "../user_file.ts";

/**
 * A file of the onnxruntime-web that models run on, out of the package's `dist/`.
 *
 * @param name e.g. `ort-wasm-simd-threaded.wasm`.
 * @throws {UserError} If the package has no such file.
 * @example
 * ```ts
 * import { runtimeFile } from "./package_files.ts";
 * import assert from "node:assert/strict";
 * const wasm = await runtimeFile("ort-wasm-simd-threaded.wasm");
 * assert.ok(WebAssembly.validate(wasm));
 * ```
 */
export async function runtimeFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const known = import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  return await readUserFile(new URL(name, known), `${name} of onnxruntime-web`);
}
