/**
 * Times models in a page, in turns, and sends the milliseconds back. `manifest.json` beside it says which:
 * `models` for onnxruntime-web on one thread, `tflite` for LiteRT.js, and `inputs` for all of them.
 */
import * as ort from "onnxruntime-web/wasm";
import { answerWith, bytesOf, feedsOf, inTurns, runOf } from "./page_parts.js";

await answerWith(async ({ models, tflite, inputs, rounds }, now) => {
  const runs = [];
  for (const model of models) runs.push(await onnxRun(model, inputs));
  if (tflite) runs.push(await tfliteRun(tflite, inputs));
  return { ms: await inTurns(runs, rounds, now) };
});

async function onnxRun(model, inputs) {
  ort.env.wasm.wasmPaths = { wasm: "./ort.wasm" };
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(await bytesOf(model), {
    executionProviders: ["wasm"],
  });
  return runOf(session, await feedsOf(ort, inputs));
}

/** Inputs go in by number, and in the shape that the file wants them in. */
async function tfliteRun(tflite, inputs) {
  const { loadLiteRt, loadAndCompile, Tensor } = await import("@litertjs/core");
  await loadLiteRt("./litert/core/package/wasm/");
  const model = await loadAndCompile(await bytesOf(tflite), { accelerator: "wasm" });
  const shapes = model.getInputDetails().map(({ shape }) => [...shape]);
  const arrays = [];
  for (const { file } of inputs) arrays.push(new Float32Array((await bytesOf(file)).buffer));
  return async () => {
    const tensors = arrays.map((array, i) => new Tensor(array, shapes[i]));
    const results = await model.run(tensors);
    for (const result of results) result.toTypedArray();
    for (const tensor of [...tensors, ...results]) tensor.delete();
  };
}
