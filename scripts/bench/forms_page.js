/**
 * Times models in a page, in turns, and sends the milliseconds back. `manifest.json` beside it says which:
 * `models` for onnxruntime-web on one thread, `tflite` for LiteRT.js, and `inputs` for all of them.
 */
import * as ort from "onnxruntime-web/wasm";

/** Milliseconds: of warming up a model, and the least of a turn. */
const WARM_MS = 2000;
const TURN_MS = 60;

const say = (path, body) => fetch(path, { method: "POST", body });

try {
  const { models, tflite, inputs, rounds } = await (await fetch("manifest.json")).json();
  const runs = [];
  for (const model of models) runs.push(await onnxRun(model, inputs));
  if (tflite) runs.push(await tfliteRun(tflite, inputs));
  const clock = await told() === undefined ? "wall" : "thread";
  const now = clock === "wall" ? () => performance.now() : told;
  await say("/answer", JSON.stringify({ clock, ms: await inTurns(runs, rounds, now) }));
} catch (error) {
  await say("/failure", String(error.stack ?? error));
}

/** Milliseconds that this page has computed for; undefined where nobody knows. */
async function told() {
  const text = await (await say("/ask")).text();
  return text === "" ? undefined : Number(text);
}

async function bytesOf(name) {
  return new Uint8Array(await (await fetch(name)).arrayBuffer());
}

async function onnxRun(model, inputs) {
  ort.env.wasm.wasmPaths = { wasm: "./ort.wasm" };
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(await bytesOf(model), {
    executionProviders: ["wasm"],
  });
  const feeds = {};
  for (const { name, type, dims, file } of inputs) {
    const data = new ort.Tensor(type, [], [0]).data.constructor;
    feeds[name] = new ort.Tensor(type, new data((await bytesOf(file)).buffer), dims);
  }
  return async () => {
    const results = await session.run(feeds);
    for (const tensor of Object.values(results)) tensor.dispose();
  };
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

/** Milliseconds of one run, `[round][model]`. */
async function inTurns(runs, rounds, now) {
  const repeats = [];
  for (const run of runs) {
    const start = performance.now();
    let count = 0;
    let last = 0;
    while (performance.now() - start < WARM_MS || count < 3) {
      const from = performance.now();
      await run();
      last = performance.now() - from;
      count++;
    }
    repeats.push(Math.max(1, Math.round(TURN_MS / last)));
  }
  const ms = [];
  for (let round = 0; round < rounds; round++) {
    const order = [...runs.keys()];
    if (round % 2 === 1) order.reverse();
    const times = [];
    for (const i of order) {
      const from = await now();
      for (let n = 0; n < repeats[i]; n++) await runs[i]();
      times[i] = (await now() - from) / repeats[i];
    }
    ms.push(times);
  }
  return ms;
}
