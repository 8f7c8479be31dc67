import assert from "node:assert/strict";
import type { PlanRow } from "../../lib/record/plan_record.ts";
import {
  KIND_COLUMNS,
  layersIn,
  othersIn,
  planKinds,
  restOf,
} from "../../lib/report/plan_kinds.ts";
import { textTable } from "../../lib/report/table.ts";

function row(opType: string, executes: string, more: Partial<PlanRow> = {}): PlanRow {
  return { node: opType, path: "", opType, asked: "static", executes, why: "default", ...more };
}

const plan = [
  row("Conv", "QLinearConv", { weights: 4000 }),
  row("Relu", "in QLinearConv", { inside: true }),
  row("Conv", "QLinearConv", { weights: 8000, why: 'rule "trunk"' }),
  row("Conv", "Conv", { weights: 400, applied: "float32", why: "depthwise" }),
  row("Reshape", "folded away"),
  row("GRU", "GRU", { weights: 90_000, applied: "weightOnly", why: "no int8 GRU kernel" }),
];

Deno.test("planKinds() takes layers together that became the same, largest first", () => {
  assert.equal(
    textTable(planKinds(plan), KIND_COLUMNS),
    "layers  operator  becomes     executes as  float32 weights  why float32\n" +
      "     1  GRU       weightOnly  GRU                  90.0 kB\n" +
      "     2  Conv      static      QLinearConv          12.0 kB\n" +
      "     1  Conv      float32     Conv                   400 B  depthwise\n",
  );
});

Deno.test("restOf() counts the nodes that are no layers", () => {
  assert.deepEqual(othersIn(plan).map(({ opType }) => opType), ["Relu", "Reshape"]);
  assert.equal(
    restOf(plan),
    "Besides, 2 nodes without weights: 1 inside the kernels of others, 1 that compute on values " +
      "alone, move them, or were folded away.",
  );
});

Deno.test("all rows of a plan are layers where none is known to have weights", () => {
  const old = plan.map(({ weights: _, ...rest }) => rest);
  assert.equal(layersIn(old).length, 6);
  assert.equal(restOf(old), undefined);
});

Deno.test("planKinds() counts weights that layers share once", () => {
  const tied = [
    row("Gather", "Gather", { weights: 128_000, applied: "weightOnly" }),
    row("MatMul", "MatMulIntegerToFloat", { weights: 128_000, shared: 128_000 }),
    row("MatMul", "MatMulIntegerToFloat", { weights: 16_000 }),
  ];
  assert.deepEqual(planKinds(tied).map(({ opType, bytes }) => [opType, bytes]), [
    ...[["Gather", 128_000], ["MatMul", 16_000]],
  ]);
});
