import assert from "node:assert/strict";
import { parseGraph } from "../../lib/onnx/text.ts";
import { executedChanges } from "../../lib/profile/executed_changes.ts";

Deno.test("executedChanges() counts operators, and names a node that is only in one of the graphs", () => {
  const before = parseGraph(`
    input x float32[1]
    output y float32[1]
    a = Exp(x)
    b = Exp(a)
    y = Neg(b)`);
  const renamed = parseGraph(`
    input x float32[1]
    output y float32[1]
    a_token_1 = Exp(x)
    b_token_2 = Exp(a_token_1)
    y = Neg(b_token_2)`);
  assert.deepEqual(executedChanges(before, renamed), [], "names alone are no change");
  const fused = parseGraph(`
    input x float32[1]
    output y float32[1]
    a = Exp(x)
    y = Log(a)`);
  assert.deepEqual(executedChanges(before, fused), [
    { opType: "Exp", before: 2, after: 1, node: "b" },
    { opType: "Neg", before: 1, after: 0, node: "y" },
    { opType: "Log", before: 0, after: 1, node: "y" },
  ]);
});
