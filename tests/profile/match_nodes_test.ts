import assert from "node:assert/strict";
import { matchProfile } from "../../lib/profile/match_nodes.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import type { NodeTimes } from "../../lib/runtime/profile_run.ts";

function timed(name: string, opType: string, index: number, parent?: number): NodeTimes {
  const empty = { inputs: [], outputs: [], executions: 1, ms: [1] };
  return { name, opType, index, ...empty, ...(parent !== undefined && { parent }) };
}

Deno.test("matchProfile() goes by name, and for nodes without one by type and order", () => {
  const graph = parseGraph(`
    input x float32[2]
    output z float32[2]
    a = Abs(x)
    b = Neg(a)
    c = Abs(b)
    z = Neg(c)`);
  const node = graph.node.map((one, i) => ({ ...one, name: i === 2 ? "middle" : "" }));
  const times = [
    timed("Neg_14", "Neg", 14),
    timed("middle", "Abs", 12),
    timed("Abs_9", "Abs", 9),
    timed("Neg_11", "Neg", 11),
    timed("Exp_20", "Exp", 20),
  ];
  const found = matchProfile(times, { ...graph, node }).map((one) => one?.output[0]);
  assert.deepEqual(found, ["z", "c", "a", "b", undefined]);
});

Deno.test("matchProfile() looks for what runs in a body in the body of its holder", () => {
  const graph = parseGraph(`
    input go bool[]
    input x float32[2]
    output y float32[2]
    a = Abs(x)
    y = If(go) {then_branch=graph then {
      output p float32[2]
      p = Abs(x)
    }, else_branch=graph else {
      output q float32[2]
      q = Abs(a)
    }}`);
  const times = [timed("Abs_0", "Abs", 0), timed("If_1", "If", 1), timed("Abs_5", "Abs", 5, 1)];
  const found = matchProfile(times, graph).map((one) => one?.output[0]);
  assert.deepEqual(found, ["a", "y", "p"]);
});
