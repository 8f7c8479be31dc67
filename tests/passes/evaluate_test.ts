import assert from "node:assert/strict";
import { decodeModel } from "../../lib/onnx/model.ts";
import { float, makeNode } from "../../lib/onnx/node.ts";
import { makeTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { canEvaluate, evaluateNode, isPlain } from "../../lib/passes/evaluate/evaluate_node.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { error, readTensor } from "./fixtures.ts";
import { isThere, shared } from "../shared.ts";

function int64(dims: readonly number[], values: readonly (number | bigint)[]): Tensor<"int64"> {
  return { type: "int64", dims, data: BigInt64Array.from(values, BigInt) };
}

const NODE_TESTS = shared("onnx-node-tests/node/");

Deno.test({
  name: "evaluateNode() agrees with the ONNX standard's own tests of the operators it knows",
  ignore: !isThere(NODE_TESTS),
  fn() {
    const tested = new Set<string>();
    for (const { name } of Deno.readDirSync(NODE_TESTS)) {
      const folder = new URL(`${name}/`, NODE_TESTS);
      const { graph } = decodeModel(Deno.readFileSync(new URL("model.onnx", folder)), name);
      const [node] = graph.node;
      const data = new URL("test_data_set_0/", folder);
      if (graph.node.length !== 1 || !node || !canEvaluate(node)) continue;
      // Sequences and optionals are no tensors.
      const types = graph.input.map(({ type }) => type?.value);
      if (!types.every((type) => type?.case === "tensorType" && isPlain(type.value.elemType))) {
        continue;
      }
      const fed = new Map(
        graph.input.map(({ name }, i) => [name, readTensor(new URL(`input_${i}.pb`, data))]),
      );
      const results = evaluateNode(node, node.input.map((name) => fed.get(name)), 1e6);
      if (node.opType === "QuantizeLinear" && !results) continue; // by blocks, or not to 8 bits
      assert.ok(results, name);
      node.output.forEach((_, i) => {
        const expected = readTensor(new URL(`output_${i}.pb`, data));
        assert.equal(results[i]?.type, expected.type, name);
        assert.ok(error({ y: results[i]! }, { y: expected }) < 1e-6, name);
      });
      tested.add(node.opType);
    }
    assert.deepEqual(
      [...tested].sort().join(" "),
      "Add Cast Clip Concat ConstantOfShape Div Expand Flatten Gather Identity MatMul Mul " +
        "QuantizeLinear ReduceMean Relu Reshape Sigmoid Slice Split " +
        "Squeeze Sub Tanh Transpose Unsqueeze Where",
    );
  },
});

Deno.test("evaluateNode() slices to the end where the bound is the largest int64, as exporters write it", () => {
  const node = makeNode("Slice", ["x", "starts", "ends", "axes", "steps"], ["y"]);
  const x = float32([2, 3], [1, 2, 3, 4, 5, 6]);
  const toTheEnd = [int64([1], [1]), int64([1], [2n ** 63n - 1n]), int64([1], [1])];
  const [y] = evaluateNode(node, [x, ...toTheEnd], 100)!;
  assert.deepEqual(y, float32([2, 2], [2, 3, 5, 6]));
  const backwards = [
    int64([1], [-1]),
    int64([1], [-(2n ** 63n)]),
    int64([1], [1]),
    int64([1], [-2]),
  ];
  const [z] = evaluateNode(node, [x, ...backwards], 100)!;
  assert.deepEqual(z, float32([2, 2], [3, 1, 6, 4]));
});

Deno.test("evaluateNode() broadcasts arithmetic, and rounds float32 once", () => {
  const div = makeNode("Div", ["a", "b"], ["y"]);
  const [y] = evaluateNode(div, [float32([2, 1], [1, 2]), float32([3], [3, 7, 9])], 100)!;
  assert.deepEqual(y, float32([2, 3], [1 / 3, 1 / 7, 1 / 9, 2 / 3, 2 / 7, 2 / 9]));
});

Deno.test("evaluateNode() divides integers towards zero and leaves division by zero to the runtime", () => {
  const div = makeNode("Div", ["a", "b"], ["y"]);
  assert.deepEqual(
    evaluateNode(div, [int64([2], [-7, 7]), int64([], [2])], 100)![0]!.data,
    BigInt64Array.of(-3n, 3n),
  );
  assert.equal(evaluateNode(div, [int64([1], [1]), int64([1], [0])], 100), undefined);
});

Deno.test("evaluateNode() tiles, ranges, compares, takes powers, minima and roots", () => {
  const values = (opType: string, ...inputs: Tensor[]) => {
    const names = inputs.map((_, i) => `x${i}`);
    return Array.from(evaluateNode(makeNode(opType, names, ["y"]), inputs, 1000)![0]!.data, Number);
  };
  assert.deepEqual(values("Tile", float32([1, 2], [1, 2]), int64([2], [2, 2])), [
    1,
    2,
    1,
    2,
    1,
    2,
    1,
    2,
  ]);
  assert.deepEqual(values("Range", int64([], [5]), int64([], [-1]), int64([], [-2])), [5, 3, 1]);
  assert.deepEqual(values("Equal", int64([2], [1, 2]), int64([1], [2])), [0, 1]);
  assert.deepEqual(values("Pow", float32([2], [2, 3]), int64([], [2])), [4, 9]);
  assert.deepEqual(values("Min", float32([1], [2]), float32([2], [1, 3]), float32([], [2.5])), [
    1,
    2,
  ]);
  assert.deepEqual(values("Sqrt", float32([2], [4, 2.25])), [2, 1.5]);
  assert.deepEqual(values("Shape", float32([2, 0, 3], [])), [2, 0, 3]);
  assert.deepEqual(values("Neg", int64([1], [-(2n ** 63n)])), [-(2 ** 63)]); // wraps, as in C
});

Deno.test("evaluateNode() casts only what fits the new type", () => {
  const toInt8 = makeNode("Cast", ["x"], ["y"], { to: 3 });
  assert.deepEqual(
    evaluateNode(toInt8, [float32([2], [-1.9, 127.5])], 10)![0]!.data,
    Int8Array.of(-1, 127),
  );
  assert.equal(evaluateNode(toInt8, [float32([1], [128])], 10), undefined);
  assert.equal(evaluateNode(toInt8, [float32([1], [NaN])], 10), undefined);
  const toFloat = makeNode("Cast", ["x"], ["y"], { to: 1 });
  assert.equal(evaluateNode(toFloat, [int64([1], [2n ** 53n + 1n])], 10), undefined);
});

Deno.test("evaluateNode() refuses to build what is larger than it may, before it builds it", () => {
  const value = makeTensorProto("", float32([1], [0.5]));
  const node = makeNode("ConstantOfShape", ["shape"], ["y"], { value });
  assert.equal(evaluateNode(node, [int64([2], [1_000_000_000, 1_000_000_000])], 1e6), undefined);
  assert.deepEqual(evaluateNode(node, [int64([1], [2])], 8), [float32([2], [0.5, 0.5])]);
  assert.equal(evaluateNode(node, [int64([1], [3])], 8), undefined);
  assert.deepEqual(evaluateNode(node, [int64([1], [0])], 0), [float32([0], [])]);
});

Deno.test("evaluateNode() leaves operators of other domains and wrong shapes alone", () => {
  const foreign = makeNode("Add", ["a", "b"], ["y"], {}, { domain: "com.example" });
  assert.equal(evaluateNode(foreign, [float32([1], [1]), float32([1], [1])], 10), undefined);
  const add = makeNode("Add", ["a", "b"], ["y"]);
  assert.equal(evaluateNode(add, [float32([2], [1, 2]), float32([3], [1, 2, 3])], 100), undefined);
  const reshape = makeNode("Reshape", ["x", "shape"], ["y"]);
  assert.equal(
    evaluateNode(reshape, [float32([3], [1, 2, 3]), int64([2], [2, -1])], 100),
    undefined,
  );
});

Deno.test("evaluateNode() reduces over axes, which may be an attribute or an input", () => {
  const x = float32([2, 3], [3, 4, 0, 1, 2, 2]);
  const reduced = (
    opType: string,
    attributes: Record<string, number | number[]>,
    ...more: Tensor[]
  ) =>
    evaluateNode(
      makeNode(opType, ["x", ...more.map((_, i) => `a${i}`)], ["y"], attributes),
      [x, ...more],
      100,
    )![0];
  assert.deepEqual(reduced("ReduceL2", { axes: [1] }), float32([2, 1], [5, 3]));
  assert.deepEqual(reduced("ReduceSum", { keepdims: 0 }, int64([1], [0])), float32([3], [4, 6, 2]));
  assert.deepEqual(
    reduced("ReduceMean", { axes: [-1], keepdims: 0 }),
    float32([2], [7 / 3, 5 / 3]),
  );
  assert.deepEqual(reduced("ReduceMax", {}), float32([1, 1], [4]));
  assert.deepEqual(reduced("ReduceSumSquare", { keepdims: 0 }), float32([], [34]));
  assert.deepEqual(reduced("ReduceL1", { axes: [0], keepdims: 0 }), float32([3], [4, 6, 2]));
  const product = makeNode("ReduceProd", ["x"], ["y"], { keepdims: 0 });
  assert.deepEqual(evaluateNode(product, [int64([2], [3, 5])], 8), [int64([], [15])]);
  const nothing = makeNode("ReduceSum", ["x", "axes"], ["y"], { noop_with_empty_axes: 1 });
  assert.equal(evaluateNode(nothing, [x, int64([0], [])], 100), undefined);
});

Deno.test("evaluateNode() multiplies matrices, stacks of them and vectors", () => {
  const product = (a: Tensor, b: Tensor) =>
    evaluateNode(makeNode("MatMul", ["a", "b"], ["y"]), [a, b], 100)?.[0];
  const a = float32([2, 3], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(product(a, float32([3, 1], [1, 0, -1])), float32([2, 1], [-2, -2]));
  assert.deepEqual(product(a, float32([3], [1, 0, -1])), float32([2], [-2, -2]));
  assert.deepEqual(product(float32([2], [1, -1]), a), float32([3], [-3, -3, -3]));
  const stack = float32([2, 1, 2], [1, 1, 2, 0]);
  assert.deepEqual(product(stack, a), float32([2, 1, 3], [5, 7, 9, 2, 4, 6]));
  assert.equal(product(a, a), undefined);
});

Deno.test("evaluateNode() quantizes constants with one scale or one for each channel", () => {
  const quantize = (attributes: Record<string, number>, ...inputs: Tensor[]) =>
    evaluateNode(makeNode("QuantizeLinear", ["x", "s", "z"], ["y"], attributes), inputs, 100)?.[0];
  const x = float32([2, 2], [0.25, -0.75, 1, 300]);
  const zeros: Tensor<"int8"> = { type: "int8", dims: [2], data: Int8Array.of(0, 1) };
  // ties go to the even neighbour, what lies beyond the grid to its end
  assert.deepEqual(
    quantize({ axis: 0 }, x, float32([2], [0.5, 1]), zeros)!.data,
    Int8Array.of(0, -2, 2, 127),
  );
  assert.deepEqual(quantize({}, x, float32([], [1]))!.data, Uint8Array.of(0, 0, 1, 255));
  assert.equal(quantize({}, float32([1], [NaN]), float32([], [1])), undefined);
});

Deno.test("evaluateNode() clips between bounds of either form", () => {
  const x = float32([3], [-2, 0.5, 9]);
  const old = makeNode("Clip", ["x"], ["y"], { min: float(0), max: float(6) });
  assert.deepEqual(evaluateNode(old, [x], 100), [float32([3], [0, 0.5, 6])]);
  const open = makeNode("Clip", ["x", "", "max"], ["y"]);
  assert.deepEqual(evaluateNode(open, [x, undefined, float32([], [1])], 100), [
    float32([3], [-2, 0.5, 1]),
  ]);
});
