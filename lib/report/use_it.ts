import type { Study } from "../record/study_record.ts";
import { codeOf, factsOf, paragraphOf } from "./blocks.ts";
import { megabytes } from "./format.ts";
import type { Section } from "./page.ts";
import { entriesOf } from "./trials.ts";

/** The runtime that is served beside the model: onnxruntime-web 1.30.0, whose WASM file this is. */
export const WASM_FILE = {
  name: "ort-wasm-simd-threaded.wasm",
  bytes: 14_239_897,
  /** After brotli, quality 5. */
  brotli: 2_825_158,
} as const;

/** How to load the winner in a page and in Deno; none where no file was kept. */
export function useSection(study: Study): Section | undefined {
  const { winner } = entriesOf(study);
  const file = winner?.trial.file;
  if (winner === undefined || file === undefined) return undefined;
  const name = file.replace(/^.*\//, "");
  return {
    title: "Use it",
    caption:
      `${name} is an ordinary ONNX file: what ran the float32 network runs it, with the same ` +
      "inputs and outputs.",
    blocks: [
      paragraphOf("In a page, with a bundler and the package onnxruntime-web:"),
      codeOf(
        [
          'import * as ort from "onnxruntime-web/wasm";',
          `ort.env.wasm.wasmPaths = { wasm: "/${WASM_FILE.name}" };`,
          `const session = await ort.InferenceSession.create("/${name}");`,
          'const input = new ort.Tensor("float32", data, dims); // data: Float32Array',
          "const results = await session.run({ [session.inputNames[0]]: input });",
        ].join("\n"),
        "js",
      ),
      paragraphOf("In Deno:"),
      codeOf(
        [
          'import * as ort from "npm:onnxruntime-web@1.30.0/wasm";',
          `const session = await ort.InferenceSession.create(await Deno.readFile("${name}"));`,
          'const input = new ort.Tensor("float32", data, dims);',
          "const results = await session.run({ [session.inputNames[0]]: input });",
          "console.log(results[session.outputNames[0]].data);",
        ].join("\n"),
        "ts",
      ),
      factsOf([
        { name: "serve", text: `${name}: ${megabytes(winner.bytes)}` },
        {
          name: "and",
          text:
            `${WASM_FILE.name}: ${megabytes(WASM_FILE.bytes)}, once for all models, a quarter of ` +
            "that compressed; from node_modules/onnxruntime-web/dist/",
        },
        {
          name: "threads",
          text:
            "more than one only where the page is cross-origin isolated (headers COOP and COEP)",
        },
      ]),
    ],
  };
}
