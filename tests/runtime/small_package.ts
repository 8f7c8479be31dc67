import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Files of a package that is built like onnxruntime-web, with texts of some letters in place of its code. */
const FILES: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    name: "onnxruntime-web",
    exports: {
      ".": {
        node: { import: "./dist/ort.node.min.mjs" },
        import: { "onnxruntime-web-use-extern-wasm": "./dist/a.mjs", default: "./dist/ort.mjs" },
      },
      "./wasm": { import: { default: "./dist/ort.wasm.mjs" } },
      "./webgl": { import: "./dist/ort.webgl.mjs" },
      "./ort-wasm-simd-threaded.wasm": "./dist/ort-wasm-simd-threaded.wasm",
    },
  }),
  "dist/ort.mjs": 'f("ort-wasm-simd-threaded.jsep.wasm");a._OrtCreateRunOptions=b.c',
  "dist/ort.wasm.mjs": 'import("./ort-wasm-simd-threaded.mjs")',
  "dist/ort.webgl.mjs": "no WASM at all",
  "dist/ort-wasm-simd-threaded.mjs": "a._OrtCreateRunOptions=b.c",
  "dist/ort-wasm-simd-threaded.wasm": "0123456789",
  "dist/ort-wasm-simd-threaded.jsep.wasm": "01234567890123456789",
};

/** Writes such a package into a folder, and gives its `dist/`. */
export async function smallPackage(folder: string): Promise<URL> {
  await Deno.mkdir(join(folder, "dist"));
  for (const [name, text] of Object.entries(FILES)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  return pathToFileURL(join(folder, "dist/"));
}
