import assert from "node:assert/strict";
import { integerTensors, worksOnIntegers } from "../../lib/quantize/integers.ts";
import { modelOf } from "./fixture.ts";

Deno.test("integerTensors() knows integers by what makes them, floats made of integers are none", () => {
  const { graph } = modelOf(`
    input x float32[2, 3]
    output y float32[2, 3]
    tensor scale float32[] = [1]
    tensor zero int8[] = [0]
    tensor k int64[1] = [1]
    q = QuantizeLinear(x, scale)
    r = QuantizeLinear(x, scale, zero)
    t = Transpose(r)
    n = MatMulInteger(t, r)
    a = com.microsoft.QLinearSigmoid(q, scale, zero, scale, zero)
    d = DequantizeLinear(a, scale)
    s = Shape(x)
    v, i = TopK(x, k)
    y = Relu(d)`);
  const integers = integerTensors(graph);
  const made = graph.node.flatMap(({ output }) => output).filter((name) => integers.has(name));
  assert.deepEqual(made.toSorted(), ["a", "n", "q", "r", "s", "t"]);
});

Deno.test("a node whose further outputs are indices works on values", () => {
  const { graph } = modelOf(
    "input x float32[1, 1, 4, 4]; output y float32[1, 1, 2, 2]; " +
      "y, i = MaxPool(x) {kernel_shape=[2, 2]}",
  );
  assert.equal(worksOnIntegers(graph.node[0]!, new Set(["i"])), false);
  assert.equal(worksOnIntegers(graph.node[0]!, new Set(["y"])), true);
});
