import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { printGraph } from "../../lib/onnx/text.ts";
import { writeExecuted } from "../../lib/quantize/write_executed.ts";
import { modelOf } from "./fixture.ts";

/** The nodes of a graph, one to a line, and the names of its constants. */
function shown(model: Model) {
  const nodes = printGraph(model.graph).split("\n").filter((line) => / = \w+\(/.test(line));
  return { nodes: nodes.map((line) => line.trim()), constants: constantsOf(model) };
}

function constantsOf({ graph }: Model): string[] {
  return graph.initializer.map(({ name }) => name).sort();
}

/** A product with a weight of 64 bytes that is computed of 16 integers. */
const given = modelOf(
  `input x float32[1, 4]; output y float32[1, 4]
   tensor stored int8[4, 4] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
   tensor scale float32[1] = [0.5]
   wide = Cast(stored) {to=1}; w = Mul(wide, scale)
   a = MatMul(x, w) @ product; y = Relu(a) @ relu`,
);
const executed = modelOf(
  `input x float32[1, 4]; output y float32[1, 4]; y = Fused(x, w) @ product_token_3`,
  { w: [4, 4] },
);

Deno.test("writeExecuted() writes what is executed, and weights as they were where that is smaller", () => {
  assert.deepEqual(shown(writeExecuted(given, executed)), {
    nodes: [
      "wide = Cast(stored) {to=1}",
      "w = Mul(wide, scale)",
      "y = Fused(x, w) @ product", // under the name that plans know
    ],
    constants: ["scale", "stored"],
  });
});

Deno.test("writeExecuted() writes weights as they are used where the file may grow by so much", () => {
  // 64 bytes in the place of 16 and 4.
  assert.deepEqual(constantsOf(writeExecuted(given, executed, { mayGrow: 43 })), [
    "scale",
    "stored",
  ]);
  const written = shown(writeExecuted(given, executed, { mayGrow: 44 }));
  assert.deepEqual(written, { nodes: ["y = Fused(x, w) @ product"], constants: ["w"] });
});

Deno.test("writeExecuted() leaves a weight moved where that takes no more bytes", () => {
  const model = modelOf(
    `input x float32[1, 4]; output y float32[1, 4]
     t = Transpose(w) {perm=[1, 0]}; y = MatMul(x, t)`,
    { w: [4, 4] },
  );
  const moved = modelOf(`input x float32[1, 4]; output y float32[1, 4]; y = MatMul(x, t)`, {
    t: [4, 4],
  });
  assert.deepEqual(shown(writeExecuted(model, moved)), {
    nodes: ["y = MatMul(x, t)"],
    constants: ["t"],
  });
});

Deno.test("writeExecuted() counts a kernel that several weights are made of once", () => {
  const model = modelOf(
    `input x float32[1, 4]; output y float32[1, 4]; output z float32[1, 4]
     tensor first int64[4] = [0, 1, 2, 3]; tensor last int64[4] = [2, 3, 4, 5]
     a = Gather(w, first) {axis=0}; b = Gather(w, last) {axis=0}
     y = MatMul(x, a); z = MatMul(x, b)`,
    { w: [6, 40] },
  );
  const apart = modelOf(
    `input x float32[1, 4]; output y float32[1, 4]; output z float32[1, 4]
     y = MatMul(x, a); z = MatMul(x, b)`,
    { a: [4, 40], b: [4, 40] },
  );
  // 2 of 640 bytes, of one of 960 and 64 of indices. One alone would be smaller written itself.
  assert.deepEqual(constantsOf(writeExecuted(model, apart)), ["first", "last", "w"]);
});

Deno.test("writeExecuted() defines a weight once where one node makes several, and not all are worth it", () => {
  const model = modelOf(
    `input x float32[1, 4]; output y float32[1, 1]; output z float32[1, 4]
     tensor stored int8[4, 5] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
     tensor lengths int64[2] = [1, 4]
     wide = Cast(stored) {to=1}; a, b = Split(wide, lengths) {axis=1}
     y = MatMul(x, a); z = MatMul(x, b)`,
  );
  const apart = modelOf(
    `input x float32[1, 4]; output y float32[1, 1]; output z float32[1, 4]
     y = MatMul(x, a); z = MatMul(x, b)`,
    { a: [4, 1], b: [4, 4] },
  );
  // There is room for the 16 bytes of the first weight alone.
  assert.deepEqual(constantsOf(writeExecuted(model, apart, { mayGrow: 20 })), [
    "lengths",
    "stored",
  ]);
});

Deno.test("writeExecuted() keeps inputs and outputs as the model states them, and sets that are used", () => {
  const { proto } = writeExecuted(given, executed);
  assert.deepEqual(proto.graph!.input, given.graph.input);
  assert.deepEqual(proto.opsetImport.map(({ domain }) => domain), [""]);
});
