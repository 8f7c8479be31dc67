import assert from "node:assert/strict";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { fileBudget, fileBudgetNote } from "../../lib/task/file_budget.ts";

const difference = (value: number, half: number) => ({
  difference: { value, low: value - half, high: value + half, n: 14 },
});

Deno.test("fileBudget() accepts what an int8 file loses itself, where that is more than is usual", () => {
  const metric = infoOf(agreement());
  assert.equal(fileBudget(metric, 0.5, undefined), 0.5);
  assert.equal(fileBudget(metric, 0.5, difference(-0.2, 3)), 0.5);
  assert.equal(fileBudget(metric, 0.5, difference(-100 / 7, 20)), 14.286); // of a share the value
  assert.equal(fileBudget(infoOf(sqnr()), 120, difference(-125, 2)), 127); // else the worse end
});

Deno.test("fileBudgetNote() says what is accepted, and how to ask for less", () => {
  assert.equal(
    fileBudgetNote({ metric: infoOf(agreement()), maxDrop: 14.286 }, "float32.onnx"),
    "The file itself loses more against float32.onnx than is accepted by default: so what it loses is " +
      "accepted, 14.286 points of agreement; --max-drop asks for less.",
  );
});
