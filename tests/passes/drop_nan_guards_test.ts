import assert from "node:assert/strict";
import { dropNanGuards } from "../../lib/passes/drop_nan_guards.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

/** Whether a guard behind the Softmax of `scores` goes. */
function goes(scores: string, constants = ""): boolean {
  const graph = parseGraph(`graph g
    input q float32[1, 2, 3, 4]
    input k float32[1, 2, 4, 3]
    input allowed bool[1, 1, 1, 3]
    input given float32[1, 1, 1, 3]
    output y float32[1, 2, 3, 3]
    tensor zero float32[] = [0.0]
    tensor least float32[] = [-3.4028234663852886e+38]
    tensor two float32[] = [2.0]
    ${constants}
    qk = MatMul(q, k)
    ${scores.replaceAll(";", "\n")}
    p = Softmax(s)
    n = IsNaN(p)
    y = Where(n, zero, p)`);
  const without = dropNanGuards(graph);
  const ops = without.node.map(({ opType }) => opType);
  assert.equal(ops.at(-1) === "Softmax" || ops.at(-2) === "Softmax", without !== graph);
  return without !== graph;
}

Deno.test("a guard goes where a mask holds finite numbers, or there is none", () => {
  assert.ok(goes("m = Where(allowed, zero, least); s = Add(qk, m)"));
  assert.ok(goes("m = Where(allowed, zero, least); w = Unsqueeze(m, two); s = Add(w, qk)"));
  assert.ok(goes("scaled = Div(qk, two); s = Add(scaled, least)"));
  assert.ok(goes("s = Mul(two, qk)"));
  assert.ok(goes("c = Cast(allowed) {to=1}; s = Add(qk, c)"));
});

Deno.test("a guard stays where a mask may hold infinities", () => {
  const endless = "tensor endless float32[] = [-inf]";
  assert.ok(!goes("m = Where(allowed, zero, endless); s = Add(qk, m)", endless));
  assert.ok(!goes("s = Add(qk, given)"));
  // A mask as large as the least float32, taken twice, is infinite.
  assert.ok(!goes("m = Where(allowed, zero, least); d = Mul(m, two); s = Add(qk, d)"));
  assert.ok(!goes("l = Log(qk); s = Add(l, zero)"));
});
