/**
 * A WASM binary of onnxruntime-web. A page's import decides which it is: `onnxruntime-web/wasm` loads
 * `plain`, `onnxruntime-web` `jsep`, `onnxruntime-web/webgpu` `asyncify`, `onnxruntime-web/jspi` `jspi`. All
 * have the same kernels for processors and give the same bits; what a node costs besides, the time to start
 * and the bytes to fetch differ.
 * @category Measuring (advanced)
 */
export type Binary = "plain" | "jsep" | "asyncify" | "jspi";

/** All of them, the one of the fewest parts first. */
export const BINARIES: readonly Binary[] = ["plain", "jsep", "asyncify", "jspi"];

/** The two files that a binary consists of, in `dist/` of the package. */
export function binaryFiles(binary: Binary): { readonly mjs: string; readonly wasm: string } {
  const name = `ort-wasm-simd-threaded${binary === "plain" ? "" : `.${binary}`}`;
  return { mjs: `${name}.mjs`, wasm: `${name}.wasm` };
}
