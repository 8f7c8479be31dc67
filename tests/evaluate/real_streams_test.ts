import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { arrays } from "../../lib/data/arrays.ts";
import { type Dataset, slice } from "../../lib/data/dataset.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { readWav, windows } from "../../lib/data/wav.ts";
import { errorGrowth, sqnrAlong } from "../../lib/evaluate/error_growth.ts";
import { evaluate } from "../../lib/evaluate/evaluate.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import {
  TensorProto_DataType,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "../../lib/onnx/onnx_pb.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { dynamicInt8, float32, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { runDataset } from "../../lib/runtime/run_dataset.ts";
import { type Feeds, float32 as tensor } from "../../lib/tensor/tensor.ts";
import { isThere, shared } from "../shared.ts";

const models = shared("models/");
const ignore = !isThere(models);

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

if (ignore) console.warn("skipped without the networks of ../shared: streams with a state");

Deno.test(
  "a voice detector hears the same through two exports, each fed its own state",
  { ignore },
  async () => {
    const folder = new URL("silero-vad/", models);
    const { channels } = await readWav(new URL("test.wav", folder), { sampleRate: 16000 });
    const chunks = windows(channels[0]!.subarray(0, 512 * 60), {
      length: 576,
      hop: 512,
      before: 64,
    });
    const listen = async (file: string, more: Feeds = {}) => {
      const model = await readModel(new URL(file, folder));
      const samples = Array.from({ length: chunks.dims[0]! }, (_, i) => {
        return { input: tensor([1, 576], chunks.data.slice(576 * i, 576 * (i + 1))), ...more };
      });
      const data = stateful(arrays(samples, { name: "speech" }), {
        state: { stateN: "state" },
        lengths: 20,
        inputs: valueTypes(model.graph).inputs,
      });
      const runs = await Array.fromAsync(runDataset(runtime, model, data));
      return { model, data, speech: runs.map(({ results }) => Number(results.output!.data[0])) };
    };
    const sr = { type: "int64", dims: [], data: BigInt64Array.of(16000n) } as const;
    const [{ model, data, speech }, other] = [
      await listen("silero_vad_openvino_16k.onnx"),
      await listen("silero_vad_op18_ifless.onnx", { sr }), // its batch is a dynamic dimension
    ];
    assert.equal(speech.length, 60);
    speech.forEach((p, i) => assert.ok(Math.abs(p - other.speech[i]!) < 1e-3, `chunk ${i}`));
    assert.ok(speech.some((p) => p > 0.9) && speech.some((p) => p < 0.1));

    const mapping = qconfigMapping({ default: float32, rules: [[{ op: "LSTM" }, dynamicInt8()]] });
    const int8 = convert(fuse(model), mapping);
    const steps = await errorGrowth(model, int8, data, { runtime });
    assert.equal(steps.length, 20);
    assert.equal(steps[0]!.carried, steps[0]!.single); // no error to carry yet
    assert.ok(steps.every(({ sequences }) => sequences === 3));
    // After that its own state costs some dB, but the network forgets: the error does not run away.
    const late = steps.slice(10);
    const mean = (of: "carried" | "single") =>
      late.reduce((sum, s) => sum + s[of], 0) / late.length;
    assert.ok(mean("carried") < mean("single") && mean("carried") > 25, `${mean("carried")}`);
  },
);

Deno.test(
  "a speech enhancer fed its own state gives the recording its authors made",
  { ignore },
  async () => {
    const folder = new URL("gtcrn/", models);
    const read = async (file: string) => (await readWav(new URL(file, folder))).channels[0]!;
    const model = await readModel(new URL("gtcrn_simple.onnx", folder));
    const frames = spectra((await read("mix.wav")).subarray(0, 40 * HOP));
    const states = ["conv_cache", "tra_cache", "inter_cache"];
    const data = stateful(arrays({ mix: tensor([frames.length, BINS, 1, 2], frames.flat()) }), {
      state: Object.fromEntries(states.map((name) => [`${name}_out`, name])),
      inputs: valueTypes(model.graph).inputs,
    });
    const runs = await Array.fromAsync(runDataset(runtime, model, data, { outputs: ["enh"] }));
    const sound = soundOf(runs.map(({ results }) => results.enh!.data as Float32Array));
    const expected = (await read("enh.wav")).subarray(HOP, 37 * HOP);
    const [error] = sqnrAlong(
      tensor([1, expected.length], expected),
      tensor([1, expected.length], sound.subarray(HOP, 37 * HOP)),
      0,
    ) as [number];
    assert.ok(error > 45, `${error} dB`); // what 16 bits leave

    const mapping = qconfigMapping({ default: staticInt8() });
    const calibration = await calibrate(prepare(model, mapping), slice(data, 0, 10), { runtime });
    assert.equal(calibration.samples, 10);
    const int8 = convert(model, mapping, calibration);
    const steps = await errorGrowth(model, int8, slice(data, 10, 25), {
      runtime,
      outputs: ["enh"],
    });
    assert.equal(steps.length, 15);
    assert.equal(steps[0]!.carried, steps[0]!.single); // no error to carry yet
    const mean = (of: "carried" | "single") =>
      steps.reduce((sum, s) => sum + s[of], 0) / steps.length;
    assert.ok(mean("carried") < mean("single") - 3, `${mean("carried")} of ${mean("single")} dB`);
  },
);

Deno.test("a counter of syllables is calibrated, and its error followed along the letters", {
  ignore,
}, async () => {
  const model = await readModel(new URL("syllable-gru/syllable_model.onnx", models));
  const words = spell(["quantization", "of", "recurrent", "networks", "matters", "occasionally"]);
  const mapping = qconfigMapping({
    default: staticInt8(),
    rules: [[{ op: "GRU" }, dynamicInt8()]],
  });
  const calibration = await calibrate(prepare(model, mapping), words, { runtime });
  const int8 = convert(model, mapping, calibration);
  const metric = sqnr();
  const reference = await evaluate(runtime, model, words, metric);
  const { value } = await evaluate(runtime, int8, words, metric, reference);
  assert.ok(value.value > 20, `${value.value} dB`);

  // What the first recurrent layer gives: [letters, directions, words, hidden].
  const layer = model.graph.node.find(({ opType }) => opType === "GRU")!.output[0]!;
  const along = async (runtime: Runtime) => {
    const [a, b] = await Promise.all([model, int8].map(async (model) => {
      const [run] = await Array.fromAsync(
        runDataset(runtime, tap(model, layer), slice(words, 0, 1)),
      );
      return run!.results[layer]!;
    }));
    return sqnrAlong(a!, b!, 0);
  };
  const letters = await along(runtime);
  assert.equal(letters.length, 18);
  assert.ok(letters.every((decibels) => decibels > 10), `${letters}`);
});

/** The model with one more output. */
function tap(model: Model, name: string): Model {
  const output = create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(TypeProto_TensorSchema, { elemType: TensorProto_DataType.FLOAT }),
      },
    }),
  });
  return model.withGraph({ ...model.graph, output: [...model.graph.output, output] });
}

/** Words as rows of 28 letters, one-hot, filled up to 18. */
function spell(words: readonly string[]): Dataset {
  const alphabet = "'-abcdefghijklmnopqrstuvwxyz";
  const data = new Float32Array(words.length * 18 * 28);
  words.forEach((word, i) => {
    [...word].forEach((letter, j) => data[(18 * i + j) * 28 + alphabet.indexOf(letter)] = 1);
  });
  return arrays({ input: tensor([words.length, 18, 28], data) }, { name: "words" });
}

// Short-time Fourier transform as PyTorch's torch.stft has it: centred, reflected at the start.

const [SIZE, HOP, BINS] = [512, 256, 257];
const WINDOW = Float64Array.from({ length: SIZE }, (_, i) => {
  return Math.sqrt(0.5 - 0.5 * Math.cos(2 * Math.PI * i / SIZE));
});
const COSINE = Float64Array.from({ length: SIZE }, (_, i) => Math.cos(2 * Math.PI * i / SIZE));
const SINE = Float64Array.from({ length: SIZE }, (_, i) => Math.sin(2 * Math.PI * i / SIZE));

/** Real and imaginary part of every bin, frame by frame. */
function spectra(sound: Float32Array): number[][] {
  const at = (i: number) => sound[Math.abs(i)]!;
  const count = Math.floor((sound.length - HOP) / HOP) + 1;
  return Array.from({ length: count }, (_, t) => {
    const frame = WINDOW.map((w, i) => w * at(t * HOP + i - HOP));
    return Array.from({ length: BINS }, (_, k) => {
      let [re, im] = [0, 0];
      for (let i = 0; i < SIZE; i++) {
        re += frame[i]! * COSINE[i * k % SIZE]!;
        im -= frame[i]! * SINE[i * k % SIZE]!;
      }
      return [re, im];
    }).flat();
  });
}

/** The inverse: windows overlap by half, and their squares add up to 1. */
function soundOf(frames: readonly Float32Array[]): Float32Array {
  const sound = new Float32Array((frames.length + 1) * HOP);
  frames.forEach((bins, t) => {
    for (let i = 0; i < SIZE; i++) {
      let x = bins[0]! + (-1) ** i * bins[2 * (BINS - 1)]!;
      for (let k = 1; k < BINS - 1; k++) {
        x += 2 * (bins[2 * k]! * COSINE[i * k % SIZE]! - bins[2 * k + 1]! * SINE[i * k % SIZE]!);
      }
      const at = t * HOP + i - HOP;
      if (at >= 0) sound[at]! += WINDOW[i]! * x / SIZE;
    }
  });
  return sound;
}
