import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import type { GraphProto } from "../../lib/onnx/onnx_pb.ts";
import { convToGemm } from "../../lib/passes/conv_to_gemm.ts";
import type { GemmForm } from "../../lib/passes/gemm_forms.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import type { ShapeMap } from "../../lib/onnx/shape_map.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { generator } from "../random.ts";
import { modelOf, random } from "./fixtures.ts";
import { count, errorOf, picker, shapesOf } from "./lowering.ts";

/** Relative error that sums in another order may make in float32. */
const ROUNDING = 2e-6;

const FORMS: readonly GemmForm[] = ["im2col", "perRow", "perPosition", "dense"];

function inForm(model: Model, shapes: ShapeMap, form: GemmForm): Model {
  return model.withGraph(convToGemm(model.graph, shapes, { form: () => form }));
}

Deno.test("convToGemm() agrees with Conv in every form on 30 random shapes, at two batch sizes", async () => {
  const { between, pick } = picker(generator(3));
  const weights: Record<string, Tensor> = {};
  const dims: Record<string, number[]> = {};
  // All in one network, each with an input and an output of its own.
  const lines = Array.from({ length: 30 }, (_, trial) => {
    const rank = pick([1, 2, 2, 2, 3]);
    const axes = Array.from({ length: rank }, (_, i) => i);
    const [channels, filters] = [between(1, 5), between(1, 6)];
    const kernel = axes.map(() => between(1, 3));
    const dilations = kernel.map((k) => k > 1 ? pick([1, 1, 2]) : 1);
    const strides = axes.map(() => between(1, 2));
    // Half a kernel of padding at most, so that each window meets the map.
    const pads = [0, 1].flatMap(() => axes.map((i) => (kernel[i]! - 1) * dilations[i]! >> 1));
    const lengths = axes.map((i) => {
      const least = (kernel[i]! - 1) * dilations[i]! + 1 - 2 * pads[i]!;
      return Math.max(1, least) + between(0, trial % 2 === 0 ? 1 : 4);
    });
    weights[`w${trial}`] = random([filters, channels, ...kernel], trial);
    const bias = trial % 3 > 0;
    if (bias) weights[`b${trial}`] = random([filters], trial + 100);
    dims[`x${trial}`] = [2, channels, ...lengths];
    return `input x${trial} float32[N, ${channels}, ${lengths.join(", ")}]
      output y${trial} float32[N, ${filters}, ${axes.map(() => "?").join(", ")}]
      y${trial} = Conv(x${trial}, w${trial}${bias ? `, b${trial}` : ""}) ` +
      `{strides=[${strides.join(", ")}], pads=[${pads.join(", ")}], ` +
      `dilations=[${dilations.join(", ")}]} @ /${trial}/conv/Conv`;
  });
  const model = modelOf(lines.join("\n"), weights);
  const shapes = await shapesOf(model, dims);
  const written = new Map<GemmForm, number>();
  for (const form of FORMS) {
    const rewritten = inForm(model, shapes, form);
    written.set(form, lines.length - count(rewritten, "Conv"));
    const difference = await errorOf(rewritten, model, dims);
    assert.ok(difference < ROUNDING, `${form}: ${difference}`);
  }
  // Some have windows that lie in the padding altogether, where there is no product to take.
  assert.ok(written.get("im2col")! >= 25);
  assert.equal(written.get("perPosition"), written.get("im2col"));
  assert.equal(written.get("perRow"), written.get("im2col"));
  assert.ok(written.get("dense")! >= 3);
});

const SMALL = `input x float32[N, 32, 3, 3]; output y float32[N, 32, 3, 3]
  y = Conv(x, w, b) {pads=[1, 1, 1, 1]} @ /layer4/conv1/Conv`;
const WEIGHTS = { w: random([32, 32, 3, 3], 1), b: random([32], 2) };

Deno.test("convToGemm() writes one Gemm for each position of a 3x3 map, of its taps alone", async () => {
  const model = modelOf(SMALL, WEIGHTS);
  const shapes = await shapesOf(model, { x: [1, 32, 3, 3] });
  // corners see 4 taps, edges 6, the middle all 9, of 32 channels each
  const graph = inForm(model, shapes, "perPosition").graph;
  assert.deepEqual(depths(graph), [4, 6, 4, 6, 9, 6, 4, 6, 4]);
  for (const { name, opType } of graph.node) {
    if (opType === "Gemm") assert.match(name, /^\/layer4\/conv1\/Gemm/);
  }
  // What they multiply, and by what, is cut from one each: no Gather and Reshape for each product.
  const others = graph.node.filter(({ opType }) => opType !== "Gemm").map(({ opType }) => opType);
  assert.deepEqual(others.toSorted(), [
    ...["Concat", "Gather", "Gather", "Reshape", "Reshape", "Reshape", "Reshape"],
    ...["Split", "Split", "Transpose", "Transpose"],
  ]);
});

Deno.test("convToGemm() writes one Gemm for each row of a 3x3 map, with zeros beside it", async () => {
  const model = modelOf(SMALL, WEIGHTS);
  const shapes = await shapesOf(model, { x: [1, 32, 3, 3] });
  assert.deepEqual(depths(inForm(model, shapes, "perRow").graph), [6, 9, 6]);
});

/** Taps of 32 channels that each Gemm multiplies by, as the Split of the kernel cuts them. */
function depths({ node, initializer }: GraphProto): number[] {
  const [split] = node.filter(({ opType, attribute }) =>
    opType === "Split" && attribute[0]!.i === 0n
  );
  const gemms = node.filter(({ opType }) => opType === "Gemm");
  assert.deepEqual(gemms.map(({ input }) => input[1]), split!.output);
  const sizes = initializer.find(({ name }) => name === split!.input[1])!;
  return Array.from(new BigInt64Array(sizes.rawData!.slice().buffer), (n) => Number(n) / 32);
}

Deno.test("convToGemm() lets no file grow by more than the names of its nodes", async () => {
  const model = modelOf(SMALL, WEIGHTS);
  const shapes = await shapesOf(model, { x: [1, 32, 3, 3] });
  for (const form of FORMS) {
    const { graph } = inForm(model, shapes, form);
    const floats = graph.initializer.filter(({ dataType }) => dataType === 1);
    const bytes = floats.reduce((sum, { rawData }) => sum + rawData!.length, 0);
    assert.equal(bytes, 4 * (32 * 32 * 9 + 32), form);
  }
});

Deno.test("convToGemm() leaves groups, computed weights, open maps and what select() leaves", async () => {
  const model = modelOf(
    `input x float32[N, 4, L]; input v float32[4, 4, 3]
     output a float32[N, 4, ?]; output b float32[N, 4, ?]; output c float32[N, 4, ?]
     a = Conv(x, w1) {group=4} @ grouped
     b = Conv(x, v) @ computed
     c = Conv(x, w2) @ plain`,
    { w1: random([4, 1, 3], 1), w2: random([4, 4, 3], 2) },
  );
  const shapes = await shapesOf(model, { x: [1, 4, 8], v: [4, 4, 3] });
  const options = { form: () => "im2col" as const };
  const { node } = convToGemm(model.graph, shapes, options);
  assert.deepEqual(
    node.filter(({ opType }) => opType === "Conv").map(({ name }) => name),
    ["grouped", "computed"],
  );
  assert.deepEqual(shapes.fixed.map(({ name, length }) => [name, length]), [["L", 8]]);
  const none = { ...options, select: () => false };
  assert.equal(convToGemm(model.graph, shapes, none), model.graph);

  // A map that grows with the batch has no fixed number of positions.
  const rows = modelOf(
    `input x float32[N, 4]; output y float32[1, 4, ?]; tensor axes int64[1] = [0]
     a = Transpose(x) {perm=[1, 0]}; b = Unsqueeze(a, axes); y = Conv(b, w)`,
    { w: random([4, 4, 1], 1) },
  );
  const known = await shapesOf(rows, { x: [6, 4] });
  assert.equal(convToGemm(rows.graph, known, options), rows.graph);
});

/** Residual blocks on small maps, as in the last layers of a ResNet. */
function residual(side: number): { model: Model; dims: { x: number[] } } {
  const conv = (y: string, x: string, w: string, stride = 1, k = 3) =>
    `${y} = Conv(${x}, ${w}, ${w}.b) {pads=[${Array(4).fill((k - 1) / 2)}], ` +
    `strides=[${stride}, ${stride}]} @ /${w}/Conv`;
  const half = Math.ceil(side / 2);
  const model = modelOf(
    `input x float32[N, 16, ${side}, ${side}]; output y float32[N, 32, ${half}, ${half}]
     ${conv("d", "x", "down", 2, 1)}
     ${conv("a", "x", "first", 2)}; b = Relu(a) @ /first/Relu
     ${conv("c", "b", "second")}; e = Add(c, d) @ /add/Add; f = Relu(e) @ /add/Relu
     ${conv("g", "f", "third")}; h = Relu(g) @ /third/Relu
     ${conv("i", "h", "fourth")}; j = Add(i, f) @ /add_1/Add; y = Relu(j) @ /add_1/Relu`,
    Object.fromEntries(
      [["down", 16, 1], ["first", 16, 3], ["second", 32, 3], ["third", 32, 3], ["fourth", 32, 3]]
        .flatMap(([name, channels, k], i) => [
          [name, random([32, Number(channels), Number(k), Number(k)], i + 1, 0.1)],
          [`${name}.b`, random([32], i + 11)],
        ]),
    ),
  );
  return { model, dims: { x: [2, 16, side, side] } };
}

for (const side of [3, 4, 7]) {
  for (const form of ["im2col", "perRow", "perPosition"] as const) {
    Deno.test(`a residual chain from ${side}x${side} in the form ${form} is transposed at its ends alone`, async () => {
      const { model, dims } = residual(side);
      const shapes = await shapesOf(model, dims);
      const lowered = lowerForWasm(model, shapes, { convToGemm: { form: () => form } });
      assert.equal(count(lowered, "Conv"), 0);
      assert.equal(count(lowered, "Transpose"), 2);
      const difference = await errorOf(lowered, model, dims);
      assert.ok(difference < ROUNDING, `${difference}`);
      // Each Relu of a product follows it at once, so that the runtime joins them.
      const makers = new Map(lowered.graph.node.map((node) => [node.output[0], node.opType]));
      const relus = lowered.graph.node.filter(({ opType }) => opType === "Relu");
      for (const { input } of relus) assert.match(makers.get(input[0])!, /^(Gemm|Add)$/);
    });
  }
}

Deno.test("a chain of 2x2 maps in the form dense is Gemm after Gemm, on rows that stay", async () => {
  const { model, dims } = residual(3);
  const shapes = await shapesOf(model, dims);
  const lowered = lowerForWasm(model, shapes, {
    convToGemm: { form: ({ window }) => window.input[0] === 2 ? "dense" : "perPosition" },
  });
  assert.ok(await errorOf(lowered, model, dims) < ROUNDING);
  const main = lowered.graph.node.filter(({ opType }) => /^(Gemm|Relu|Add)$/.test(opType));
  const tail = main.slice(-8).map(({ opType }) => opType);
  assert.deepEqual(tail, ["Gemm", "Add", "Relu", "Gemm", "Relu", "Gemm", "Add", "Relu"]);
});

Deno.test("convToGemm() by estimate takes small maps, and leaves large ones and lone thin ones", async () => {
  const conv = (c: number, side: number) =>
    modelOf(
      `input x float32[N, ${c}, ${side}, ${side}]; output y float32[N, ${c}, ${side}, ${side}]
       y = Conv(x, w) {pads=[1, 1, 1, 1]}`,
      { w: random([c, c, 3, 3], 1) },
    );
  const isRewritten = async (c: number, side: number) => {
    const model = conv(c, side);
    const shapes = await shapesOf(model, { x: [1, c, side, side] });
    return convToGemm(model.graph, shapes) !== model.graph;
  };
  assert.equal(await isRewritten(64, 3), true);
  assert.equal(await isRewritten(64, 6), true);
  assert.equal(await isRewritten(16, 32), false);
  assert.equal(await isRewritten(4, 8), false);
});
