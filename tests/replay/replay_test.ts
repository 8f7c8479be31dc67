import assert from "node:assert/strict";
import { formErrors, onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { Replay } from "../../lib/replay/replay.ts";
import { suffixOf } from "../../lib/replay/suffix.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, float32, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { runAll } from "../quantize/fixture.ts";
import { branchedModel, LAYERS, pictures, rangesOf } from "./network.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

const SAMPLES = Array.from({ length: 3 }, (_, i) => i);

Deno.test("suffixOf() runs nothing of a network in which nothing changed", () => {
  const graph = () => parseGraph("graph g\n input x float32[1]\n output y float32[1]\n y = Exp(x)");
  const { nodes, outputs } = suffixOf(graph(), graph(), () => true);
  assert.deepEqual([nodes, outputs], [[], []]);
});

Deno.test("suffixOf() runs again what makes a value that cannot be cut", () => {
  const net = (op: string) =>
    parseGraph(`graph g
      input x float32[1]
      output c float32[1]
      a = Exp(x)
      b = Neg(a)
      c = ${op}(b)`);
  const { nodes, reads } = suffixOf(net("Abs"), net("Sqrt"), (name) => name === "a");
  assert.deepEqual(nodes.map(({ opType }) => opType), ["Neg", "Sqrt"]);
  assert.deepEqual(reads, ["a"]);
});

Deno.test("suffixOf() sees a constant that changed", () => {
  const net = (value: number) =>
    parseGraph(`graph g
      input x float32[1]
      output c float32[1]
      w = Constant() {value_float=${value}.5}
      a = Exp(x)
      c = Mul(a, w)`);
  const { nodes } = suffixOf(net(1), net(2), (name) => name === "a");
  assert.deepEqual(nodes.map(({ opType }) => opType), ["Constant", "Mul"]);
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
      const rules = nodes.map((name): Rule => [name, float32]);
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

Deno.test("formErrors() measures each form of each layer, and goes on after one that fails", async () => {
  const model = branchedModel();
  const data = pictures(6);
  const calibration = await rangesOf(model, data);
  const forms = LAYERS.flatMap((nodes) =>
    [staticInt8(), dynamicInt8(), weightOnly()].map((qconfig) => ({
      key: `${nodes[0]} ${qconfig.kind}`,
      nodes,
      qconfig,
    }))
  );
  const broken = { key: "none", nodes: ["no such node"], qconfig: staticInt8() };
  const replay = await Replay.open(model, data, runtime);
  const found = new Map<string, number>();
  const options = { calibration, samples: [0, 1, 2, 3], metric: sqnr() };
  for await (
    const { form, sqnr, scores, error } of formErrors(replay, [...forms, broken], options)
  ) {
    if (form === broken) assert.match(error!.message, /matches no node/);
    else assert.equal(scores!.length, 4);
    found.set(form.key, sqnr);
  }
  assert.equal(found.size, forms.length + 1);
  for (const { key, qconfig } of forms) {
    // Weights of a few bytes are not stored small: that would be larger.
    if (qconfig.kind === "weightOnly" && found.get(key) === 150) continue;
    assert.ok(found.get(key)! > 20 && found.get(key)! < 70, `${key}: ${found.get(key)} dB`);
  }
});
