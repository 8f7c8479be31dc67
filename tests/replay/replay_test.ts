import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { makeNode } from "../../lib/onnx/node.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { float32 as asFloat32, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { cutsOf } from "../../lib/replay/cuts.ts";
import { Replay, type Variant } from "../../lib/replay/replay.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, runAll } from "../quantize/fixture.ts";
import { branchedModel, LAYERS, pictures, rangesOf } from "./network.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

const SAMPLES = Array.from({ length: 3 }, (_, i) => i);

/** What a variant gives for each of the samples that it ran on. */
async function outputsOf(
  replay: Replay,
  variant: Variant,
  samples: readonly number[] = SAMPLES,
): Promise<Record<string, Tensor>[]> {
  const found: Record<string, Tensor>[] = [];
  for await (const { results, error } of replay.run(samples, [variant])) {
    if (error) throw error;
    found.push(...results);
  }
  return found;
}

/** The network with a Sum of one input before all that read a tensor, which changes no value. */
function withBarrier(model: Model, name: string): Model {
  const { graph } = model;
  const barrier = makeNode("Sum", [name], ["behind_barrier"]);
  const node = graph.node.map((node) => ({
    ...node,
    input: node.input.map((input) => input === name ? "behind_barrier" : input),
  }));
  const place = graph.node.findIndex(({ output }) => output.includes(name)) + 1;
  return model.withGraph({ ...graph, node: node.toSpliced(place, 0, barrier) });
}

Deno.test("Replay gives to the bit what the network gives by itself, with nothing changed", async () => {
  const model = branchedModel();
  const data = pictures(SAMPLES.length);
  const plain = await runAll(model, await Promise.all(SAMPLES.map((i) => data.sample(i))));
  const replay = await Replay.open(model, data, runtime);
  assert.deepEqual(await replay.outputs(SAMPLES), plain);
  assert.deepEqual(await outputsOf(replay, { key: "same", make: () => model }), plain);
});

Deno.test("Replay gives to the bit what the network gives, whichever cut it runs from", async () => {
  const model = branchedModel();
  const data = pictures(SAMPLES.length);
  const plain = await runAll(model, await Promise.all(SAMPLES.map((i) => data.sample(i))));
  const replay = await Replay.open(model, data, runtime);
  // The runtime makes one kernel of a Conv, an Add and a Relu; at none of these cuts it does not.
  for (const name of (await cutsOf(model, runtime)).keys()) {
    const found = await outputsOf(replay, { key: name, make: () => withBarrier(model, name) });
    assert.deepEqual(found, plain, name);
  }
});

Deno.test("Replay gives to the bit what whole networks give, one layer int8 or all but one", async () => {
  const model = branchedModel();
  const data = pictures(SAMPLES.length);
  const calibration = await rangesOf(model, data);
  const only = LAYERS.map((nodes) => ({
    key: nodes[0]!,
    make: () => convert(model, onlyMapping(nodes, () => staticInt8()), calibration),
  }));
  const mapping = qconfigMapping({ default: staticInt8() });
  const allBut = LAYERS.map((nodes) => ({
    key: nodes[0]!,
    make: () => {
      const rules = nodes.map((name): Rule => [name, asFloat32]);
      return convert(model, qconfigMapping({ ...mapping, rules }), calibration);
    },
  }));
  for (
    const [base, variants] of [[model, only], [
      convert(model, mapping, calibration),
      allBut,
    ]] as const
  ) {
    // One sample at a time fits into so little memory.
    const replay = await Replay.open(base, data, runtime, { maxBytes: 1 });
    const found = new Map(variants.map(({ key }) => [key, [] as Tensor[]]));
    for await (const { variant, results, error } of replay.run(SAMPLES, variants)) {
      assert.equal(error, undefined);
      found.get(variant.key)!.push(...results.map(({ logits }) => logits!));
    }
    for (const { key, make } of variants) {
      const whole = await runAll(make(), await Promise.all(SAMPLES.map((i) => data.sample(i))));
      assert.deepEqual(found.get(key), whole.map(({ logits }) => logits), key);
      assert.equal(await replay.check({ key, make }, 2), 0, key);
    }
  }
});

Deno.test("Replay runs what follows a layer and nothing else", async () => {
  const model = branchedModel();
  const data = pictures(2);
  const calibration = await rangesOf(model, data);
  const ran: string[][] = [];
  const watched: Runtime = {
    ...runtime,
    about: { ...runtime.about, workers: 1 },
    optimized: (model) => runtime.optimized(model),
    run: (model, samples, options) => {
      ran.push(model.graph.node.map(({ opType }) => opType));
      return runtime.run(model, samples, options);
    },
  };
  const replay = await Replay.open(model, data, watched);
  const make = () => convert(model, onlyMapping(["conv2"], () => staticInt8()), calibration);
  for await (const _ of replay.run([0, 1], [{ key: "conv2", make }]));
  assert.equal(ran[0]!.filter((op) => op === "Conv").length, 3, "the network itself, once");
  // That of conv2, and the one beside it, which may be fused with the Add under both.
  assert.deepEqual(ran.at(-1)!.filter((op) => op === "Conv").length, 2);
});

Deno.test("Replay tells what the network itself gave beside what a variant gives", async () => {
  const text = (op: string) =>
    `graph g\n input x float32[N, 1]\n output y float32[N, 1]\n y = ${op}(x)`;
  const [model, other] = [modelOf(text("Neg")), modelOf(text("Abs"))];
  const data = arrays({ x: float32([2, 1], [-3, 5]) }, { name: "numbers" });
  const replay = await Replay.open(model, data, runtime);
  for await (
    const { samples, results, unchanged } of replay.run([1, 0], [{ key: "abs", make: () => other }])
  ) {
    assert.deepEqual(samples, [1, 0]);
    assert.deepEqual(results.map(({ y }) => y!.data[0]), [5, 3]);
    assert.deepEqual(unchanged.map(({ y }) => y!.data[0]), [-5, 3]);
  }
});

Deno.test("a variant that fails says why in its place, and the others go on", async () => {
  const model = branchedModel();
  const replay = await Replay.open(model, pictures(2), runtime);
  const broken: Variant = {
    key: "broken",
    make: () => {
      throw new Error("No such layer");
    },
  };
  const found = new Map<string, string | undefined>();
  const variants = [broken, { key: "whole", make: () => model }];
  for await (const { variant, results, error } of replay.run([0, 1], variants)) {
    found.set(variant.key, error?.message);
    assert.equal(results.length, error ? 0 : 2);
  }
  assert.deepEqual(found, new Map([["broken", "No such layer"], ["whole", undefined]]));
});

Deno.test("Replay runs a variant on the samples alone that it wants", async () => {
  const model = branchedModel();
  const replay = await Replay.open(model, pictures(3), runtime);
  const variants = ["a", "b"].map((key) => ({ key, make: () => withBarrier(model, "r1") }));
  const ran = new Map<string, readonly number[]>();
  const wants = ({ key }: Variant, sample: number) => key === "a" || sample === 2;
  for await (const { variant, samples } of replay.run(SAMPLES, variants, wants)) {
    ran.set(variant.key, samples);
  }
  assert.deepEqual(ran, new Map([["a", [0, 1, 2]], ["b", [2]]]));
});

Deno.test("Replay takes samples of differing shapes", async () => {
  const text = (op: string) =>
    `graph g\n input x float32[N]\n output y float32[N]\n h = Exp(x)\n y = ${op}(h)`;
  const shapes = [2, 3];
  const data: Dataset = {
    name: "lists",
    length: 2,
    sample: (i) => ({ x: float32([shapes[i]!], new Float32Array(shapes[i]!)) }),
    hash: () => Promise.resolve("lists"),
  };
  const replay = await Replay.open(modelOf(text("Abs")), data, runtime);
  const found = await outputsOf(replay, { key: "neg", make: () => modelOf(text("Neg")) }, [0, 1]);
  assert.deepEqual(found.map(({ y }) => [...y!.data as Float32Array]), [[-1, -1], [-1, -1, -1]]);
});

Deno.test("Replay that is stopped throws the reason, and takes no variant for a failed one", async () => {
  const model = branchedModel();
  const stop = new AbortController();
  const replay = await Replay.open(model, pictures(2), runtime, { signal: stop.signal });
  const make = () => {
    stop.abort(new Error("Enough"));
    return withBarrier(model, "r1");
  };
  await assert.rejects(() => outputsOf(replay, { key: "barrier", make }, [0, 1]), /Enough/);
});
