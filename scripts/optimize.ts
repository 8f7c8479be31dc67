import { basename, resolve } from "node:path";
import { optimize } from "../lib/task/run_optimize.ts";
import { noise } from "../lib/data/noise.ts";
import { UsageError } from "../lib/errors.ts";
import { compare } from "../lib/task/run_compare.ts";
import { readModel } from "../lib/onnx/file.ts";
import { valueTypes } from "../lib/onnx/graph.ts";
import { decodeModel, type Model } from "../lib/onnx/model.ts";
import { count, factor } from "../lib/report/format.ts";
import { openRuntime } from "../lib/runtime/open_runtime.ts";
import { flag, number, text } from "./command.ts";
import { DATA_HELP, READING, readReading, readSamples } from "./data.ts";
import { runScript, script } from "./shell.ts";
import { takeSamples } from "./take_samples.ts";

const command = {
  name: "optimize",
  summary:
    "Makes a model fast on onnxruntime-web's WASM kernels: times every node on this machine in " +
    "every form that it can have, int8 among them, and writes what takes least as a whole. It never " +
    "writes a model that is slower than the one it was given; accuracy is told, not weighed.",
  operands: { model: { placeholder: "model.onnx", help: "the float32 network" } },
  options: {
    data: text("PATH", DATA_HELP),
    config: READING,
    out: text("FILE", "where to write the model"),
    float32: flag("only exact rewrites, nothing in int8; a model of fixed shapes needs no samples"),
    threads: number("N", "threads of the runtime to choose for; 1 by default", {
      ...{ integer: true, min: 1, max: 64 },
    }),
    calibration: number("N", "samples to find ranges with; 40 % by default, 200 at most", {
      ...{ integer: true, min: 1 },
    }),
    inOrder: flag("split the samples in their order, for time series; else they are shuffled"),
    fresh: flag("measure anew what was measured on this machine before"),
    json: flag("print what was chosen and measured as JSON"),
  },
  examples: [
    "deno task optimize model.onnx --data samples.npz --out model.fast.onnx",
    "deno task optimize model.onnx --float32 --out model.fast.onnx",
  ],
} as const;

const main = script(command, async ({ operands, options }, { print, progress, signal }) => {
  const { out, threads = 1, json } = options;
  if (out === undefined) throw new UsageError("Where to? Name the file to write: --out fast.onnx");
  if (resolve(out) === resolve(operands.model)) {
    throw new UsageError(`--out ${out} is the model itself; name another file`);
  }
  progress.update("reading model and samples");
  const model = await readModel(operands.model);
  const samples = options.data === undefined ? undefined : takeSamples(
    await readSamples(options.data, model, await readReading(options.config)),
    options,
  );
  if (!samples && !options.float32) {
    throw new UsageError(
      "Shapes and the ranges of int8 are found on samples: give --data samples.npz, or --float32 " +
        "for exact rewrites alone",
    );
  }

  await using runtime = openRuntime({ workers: 1, threads });
  const result = await optimize(model, samples?.calibration ?? [madeUp(model)], {
    runtime,
    qconfig: options.float32 ? "float32" : "fastest",
    ...(samples && { calibration: samples.calibration.length }),
    ...(options.fresh && { cache: false }),
    signal,
    onProgress: (step) => progress.update(step),
  });
  // What is compared is what the file will hold.
  const chosen = decodeModel(result.model.bytes(), basename(out));
  const accuracy = samples?.check && result.model !== model
    ? await compare(model, chosen, samples.check, {
      runtime,
      signal,
      onProgress: (done, all) => progress.update(`comparing: ${done} of ${all} runs`),
    })
    : undefined;
  await chosen.save(out);
  progress.close();

  const { parts, plan, rewrites, notes } = result;
  const bytes = chosen.bytes().length;
  if (json) {
    const { latency, shapes, predictedMs, drifted } = parts;
    const kept = result.model === model;
    const record = {
      ...{
        file: out,
        bytes,
        kept,
        threads,
        shapes,
        latency,
        predictedMs,
        drifted,
        notes,
        rewrites,
      },
      ...{ executes: plan.executes(), plan: plan.rows, comparison: accuracy },
    };
    return await print(JSON.stringify(record, null, 2));
  }
  if (result.model === result.built) await print(`${plan}\n`);
  await print(notes.join("\n"));
  if (accuracy) await print(`\n${accuracy}`);
  await print(
    `\nWrote ${out}: ${count(bytes)} bytes, ${
      factor(bytes / model.bytes().length)
    } of ${model.name}`,
  );
});

/** Inputs of the shapes that the model states; it says so if it leaves one open. */
function madeUp(model: Model) {
  return noise(valueTypes(model.graph).inputs, model.name);
}

export default main;

if (import.meta.main) await runScript(main);
