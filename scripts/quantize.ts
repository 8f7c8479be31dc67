import { basename } from "node:path";
import type { Dataset } from "../lib/data/dataset.ts";
import { UsageError } from "../lib/errors.ts";
import { decodeModel, type Model } from "../lib/onnx/model.ts";
import { fuse } from "../lib/passes/fuse.ts";
import { readBack } from "../lib/quantize/one_call.ts";
import { quantizeDynamic } from "../lib/quantize/quantize_dynamic.ts";
import { prepare } from "../lib/quantize/prepare.ts";
import { defaultQConfigMapping, type Preset, PRESETS } from "../lib/quantize/presets.ts";
import type { QuantizedModel } from "../lib/quantize/quantized_model.ts";
import { quantizeWith } from "../lib/quantize/quantize_with.ts";
import { isSlower } from "../lib/record/best.ts";
import { count, factor } from "../lib/report/format.ts";
import { openRuntime } from "../lib/runtime/open_runtime.ts";
import type { Runtime } from "../lib/runtime/runtime.ts";
import { parseQuantizeConfig, type QuantizeConfig } from "../lib/config/quantize_config.ts";
import { check } from "./check.ts";
import { flag, number, text } from "./command.ts";
import { DATA_HELP, readSamples } from "./data.ts";
import { noteOnFloats } from "./float_types.ts";
import { requireOut } from "./out_file.ts";
import { readNetwork, specialized } from "./read_network.ts";
import { readText } from "./read_text.ts";
import { runScript, script, type Shell } from "./shell.ts";
import { takeSamples } from "./take_samples.ts";

const command = {
  name: "quantize",
  summary:
    "Writes an int8 form of a model for onnxruntime-web: by default static where int8 is fast, with " +
    "ranges from samples, and small weights elsewhere. Prints what became of each node, and compares " +
    "with float32 on samples that were not used for the ranges.",
  operands: { model: { placeholder: "model.onnx", help: "the float32 network" } },
  options: {
    data: text("PATH", DATA_HELP),
    out: text("FILE", "where to write the int8 model"),
    preset: text("NAME", `what becomes of all nodes: ${PRESETS.join(", ")}; wasm by default`),
    config: text("FILE", "which nodes are to be what, as JSON with comments"),
    dynamic: flag(
      "ranges at run time for Gemm and MatMul, small weights elsewhere; needs no samples",
    ),
    calibration: number("N", "samples to find ranges with; 40 % by default, 200 at most", {
      ...{ integer: true, min: 1 },
    }),
    inOrder: flag("split the samples in their order, for time series; else they are shuffled"),
    all: flag("show every node in the plan, those without weights too"),
    json: flag("print plan and comparison as JSON"),
  },
  examples: [
    "deno task quantize model.onnx --data samples.npz --out model.int8.onnx",
    "deno task quantize model.onnx --dynamic --out model.int8.onnx",
    "deno task quantize model.onnx --data samples.npz --preset fbgemm --out model.fbgemm.onnx",
  ],
} as const;

const main = script(command, async ({ operands, options }, shell) => {
  const { progress, print } = shell;
  const out = requireOut(options.out, operands.model, "q.onnx");
  const config = await readConfig(options);

  progress.update("reading model and samples");
  const model = await readNetwork(operands.model, shell);
  const data = options.data === undefined
    ? undefined
    : await readSamples(options.data, model, config.data, progress.log);
  const network = data ? await specialized(model, data, shell) : model;
  const samples = data && takeSamples(data, options);

  await using runtime = openRuntime();
  const quantized = options.dynamic
    ? await quantizeAtRunTime(network, runtime, shell)
    : await quantizeOnSamples(network, config, samples?.calibration, runtime, shell);

  // What is compared is what the file will hold.
  const candidate = decodeModel(quantized.bytes(), basename(out));
  const comparison = samples?.check && await check(model, candidate, samples.check, runtime, shell);
  const notes = await noteOnFloats(model, samples?.check, runtime);
  await candidate.save(out);
  progress.close();

  const { plan } = quantized;
  const bytes = candidate.bytes().length;
  if (options.json) {
    const executes = plan.executes();
    const record = { file: out, bytes, executes, plan: plan.rows, comparison, notes };
    return await print(JSON.stringify(record, null, 2));
  }
  await print(options.all ? plan.all.text : plan.toString());
  if (comparison) await print(`\n${comparison}`);
  if (comparison?.latency && isSlower({ latency: comparison.latency })) {
    await print("It is slower than float32. `deno task sweep` finds out which layers pay.");
  }
  for (const note of notes) await print(`\n${note}`);
  const size = factor(bytes / model.bytes().length);
  await print(`\nWrote ${out}: ${count(bytes)} bytes, ${size} of ${model.name}`);
});

/** What is to become of the nodes: what a config or a preset says. */
async function readConfig(
  { dynamic, preset, config }: { dynamic: boolean; preset?: string; config?: string },
): Promise<QuantizeConfig> {
  const written = config === undefined
    ? undefined
    : parseQuantizeConfig(await readText(config), config);
  const choices = [
    ...dynamic ? ["--dynamic"] : [],
    ...preset === undefined ? [] : ["--preset"],
    ...written?.says ? ["--config"] : [],
  ];
  if (choices.length > 1) {
    throw new UsageError(`${choices.join(" and ")} say what to quantize; give one of them`);
  }
  if (written?.says) return written;
  const mapping = defaultQConfigMapping(preset as Preset | undefined);
  return { mapping, corrections: [], says: false, ...written?.data && { data: written.data } };
}

/** Ranges at run time. */
async function quantizeAtRunTime(
  model: Model,
  runtime: Runtime,
  { progress }: Shell,
): Promise<QuantizedModel> {
  progress.update("converting");
  return await quantizeDynamic(model, undefined, { runtime });
}

/** Ranges from samples, where the mapping asks for any. */
async function quantizeOnSamples(
  model: Model,
  { mapping, corrections }: QuantizeConfig,
  samples: Dataset | undefined,
  runtime: Runtime,
  { progress, signal }: Shell,
): Promise<QuantizedModel> {
  const fused = fuse(model);
  for (const line of fused.amendments) progress.log(`${model.name}: ${line}`);
  const watched = prepare(fused, mapping).tensors.length;
  if (watched > 0 && samples === undefined) {
    throw new UsageError(
      "Static int8 finds its ranges on samples: give --data samples.npz, or --dynamic",
    );
  }
  const calibration = samples ?? [];
  const { int8 } = await quantizeWith(fused, mapping, calibration, {
    corrections,
    runtime,
    signal,
    onProgress: (done) => progress.update(`calibrating ${done} of ${calibration.length}`),
  });
  progress.update("converting");
  return await readBack(int8, runtime);
}

export default main;

if (import.meta.main) await runScript(main);
