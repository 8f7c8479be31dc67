import assert from "node:assert/strict";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { mergeAffine } from "../../lib/passes/merge_affine.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

const CONSTANTS = `
  input x float32[N, 2]; output y float32[N, 2]
  tensor half float32[] = [0.5]; tensor two float32[1] = [2.0];
  tensor pair float32[2] = [1.0, 3.0]; tensor column float32[2, 1] = [1.0, 2.0]
  tensor much float32[] = [4096.0]; tensor less float32[] = [-4096.0]; tensor zero float32[] = [0.0]`;

/** The nodes, with the values of the constants that they read. */
function merged(text: string): string[] {
  const { node, initializer } = mergeAffine(parseGraph(CONSTANTS + text));
  const tensors = new Map(initializer.map((one) => [one.name, readTensorProto(one)]));
  return node.map(({ opType, input, output }) => {
    const read = input.map((name) => {
      const tensor = tensors.get(name);
      return tensor ? `[${Array.from(tensor.data as Float32Array)}]` : name.replace("_scaled", "'");
    });
    return `${output[0]!.replace("_scaled", "'")} = ${opType}(${read.join(", ")})`;
  });
}

Deno.test("mergeAffine() makes a Mul and an Add of a chain, with constants as by hand", () => {
  // 2 (x / 0.5 - [1, 3]) + 0.5 = 4 x + [-1.5, -5.5]
  assert.deepEqual(
    merged(`a = Div(x, half); b = Sub(a, pair); c = Mul(two, b); y = Add(c, half)`),
    ["y' = Mul(x, [4,4])", "y = Add(y', [-1.5,-5.5])"],
  );
  assert.deepEqual(merged(`a = Mul(x, half); b = Mul(a, pair); y = Div(b, two)`), [
    "y = Mul(x, [0.25,0.75])",
  ]);
  assert.deepEqual(merged(`a = Add(x, half); y = Add(a, two)`), ["y = Add(x, [2.5])"]);
  // 2 - (x + 0.5)
  assert.deepEqual(merged(`a = Add(x, half); y = Sub(two, a)`), ["y = Sub([1.5], x)"]);
});

Deno.test("mergeAffine() leaves what would be no fewer nodes, or another result", () => {
  const leaves = (text: string) => {
    const graph = parseGraph(CONSTANTS + text);
    assert.equal(mergeAffine(graph), graph, text);
  };
  leaves(`a = Sub(x, half); y = Div(a, two)`);
  // What float32 rounds off between the two would come back.
  leaves(`a = Add(x, much); y = Add(a, less)`);
  leaves(`a = Mul(x, zero); y = Mul(a, two)`); // infinity times 0
  leaves(`a = Add(x, half); b = Add(a, two); y = Mul(a, b)`); // someone reads what is between
  leaves(`a = Add(x, half); y = Div(two, a)`);
  leaves(`a = Add(x, column); y = Add(a, pair)`); // along two axes
  leaves(`a = Mul(x, x); y = Mul(a, half)`);
});

Deno.test("fuse() merges what scales and shifts around an activation, and rounds nothing twice", async () => {
  const model = modelOf(
    `input x float32[N, 3, 4, 4]; output y float32[N, 3, 4, 4]
     a = Div(x, wide); b = Sub(a, mean); c = Div(b, deviation); d = Mul(c, four) @ /in/Mul
     e = Tanh(d); f = Mul(e, four); g = Add(f, four); y = Mul(g, wide)`,
    {
      wide: float32([], [255]),
      four: float32([1], [4]),
      mean: random([3, 1, 1], 1),
      deviation: float32([3, 1, 1], [0.2, 0.3, 0.25]),
    },
  );
  const fused = fuse(model);
  assert.deepEqual(
    fused.graph.node.map(({ opType }) => opType),
    ["Mul", "Add", "Tanh", "Mul", "Add"],
    printGraph(fused.graph),
  );
  const x = random([2, 3, 4, 4], 7, 100);
  assert.ok(error(await run(fused, { x }), await run(model, { x })) < 1e-6);
});
