import assert from "node:assert/strict";
import { printGraph } from "../../lib/onnx/text.ts";
import { mergeTransposed } from "../../lib/passes/merge_transposed.ts";
import { modelOf } from "../quantize/fixture.ts";
import { normal } from "../random.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";

const ROWS = 64;
const COLUMNS = 20;
const table = Int8Array.from(normal(ROWS * COLUMNS, 1), (x) => 30 * x);
const turned = Int8Array.from(table, (_, i) => table[(i % ROWS) * COLUMNS + Math.floor(i / ROWS)]!);

function graphWith(second: Tensor) {
  const text = `output a int8[64, 20]; output b int8[20, 64]
    a = Abs(table); b = Abs(other)`;
  return modelOf(text, {
    table: { type: "int8", dims: [ROWS, COLUMNS], data: table },
    other: second,
  })
    .graph;
}

Deno.test("mergeTransposed() stores one of two matrices that are each other transposed", () => {
  const merged = mergeTransposed(graphWith({ type: "int8", dims: [COLUMNS, ROWS], data: turned }));
  assert.deepEqual(merged.initializer.map(({ name }) => name), ["table"]);
  assert.match(printGraph(merged), /other = Transpose\(table\) \{perm=\[1, 0\]\}/);
});

Deno.test("mergeTransposed() leaves matrices that differ in one element, and small ones", () => {
  const almost = turned.slice();
  almost[ROWS * COLUMNS - 1]! ^= 1;
  const graph = graphWith({ type: "int8", dims: [COLUMNS, ROWS], data: almost });
  assert.equal(mergeTransposed(graph), graph);
  const small = graphWith({ type: "int8", dims: [2, 2], data: Int8Array.of(1, 2, 3, 4) });
  assert.equal(mergeTransposed(small), small);
});
