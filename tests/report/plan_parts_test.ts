import assert from "node:assert/strict";
import type { PlanRow } from "../../lib/record/plan_record.ts";
import { partColumns, planParts } from "../../lib/report/plan_parts.ts";
import { planGroups } from "../../lib/report/plan_table.ts";
import { textTable } from "../../lib/report/table.ts";

function row(opType: string, executes: string, more: Partial<PlanRow> = {}): PlanRow {
  return { node: opType, path: "", opType, asked: "dynamic", executes, why: "default", ...more };
}

const attention = { part: "attention", layer: 0 } as const;
const plan = [
  row("Gather", "Gather", { part: "embedding", applied: "weightOnly", weights: 4000 }),
  row("Reshape", "Reshape"),
  row("MatMul", "MatMulIntegerToFloat", { ...attention, weights: 1000, ms: 0.5, dB: 32 }),
  row("MatMul", "FusedMatMul", {
    ...{ ...attention, applied: "float32", weights: 0, ms: 0.25, dB: 28 },
    why: "rule op MatMul; stays float32: its weights are no constants",
  }),
  row("Add", "in MatMulIntegerToFloat", { ...attention, inside: true }),
  row("LayerNormalization", "LayerNormalization", { part: "norm", layer: 0, applied: "float32" }),
  row("Gemm", "Gemm", { applied: "float32", asked: "float32", weights: 200 }),
];

Deno.test("planParts() has a row for each part of each layer, with what it is and what runs", () => {
  const parts = planParts(plan);
  const lines = textTable(parts, partColumns(parts)).split("\n").map((line) => line.trimEnd());
  assert.deepEqual(lines, [
    "part         becomes               executes as                            float32 weights     ms  least dB  why float32",
    "embedding    1 weightOnly          1 Gather                                       4.00 kB",
    "attention 0  1 dynamic, 1 float32  1 MatMulIntegerToFloat, 1 FusedMatMul          1.00 kB  0.750      28.0  its weights are no constants",
    "norm 0       1 float32             1 LayerNormalization                                 –",
    "in no part   1 float32             1 Gemm                                           200 B",
    "",
  ]);
  assert.deepEqual(planParts(plan.map(({ part: _, ...rest }) => rest)), []);
});

Deno.test("planParts() tells the columns that products read in float32", () => {
  const split = (...columns: number[]) =>
    row("MatMul", "MatMulIntegerToFloat", {
      ...attention,
      weights: 4,
      outliers: { columns, dB: 9.46 },
    });
  const parts = planParts([split(3, 7), split(3, 7), split(1)]);
  assert.equal(parts[0]!.columns, "3, 7 (9.5 dB); 1 (9.5 dB)");
  assert.match(textTable(parts, partColumns(parts)), /columns in float32/);
});

Deno.test("planGroups() cuts the plan of a transformer into its parts, however short it is", () => {
  assert.deepEqual(planGroups(plan).map(({ title }) => title), [
    ...["embedding", "in no part", "attention 0", "norm 0"],
  ]);
});
