import assert from "node:assert/strict";
import { parseGraph } from "../../lib/onnx/text.ts";
import { layerCosts } from "../../lib/profile/layer_costs.ts";
import { scaledTo, type TimedGraph } from "../../lib/profile/timed_nodes.ts";

/** A graph that runs as it stands; of each node the nodes it covers, and its milliseconds. */
function timed(text: string, rows: readonly (readonly [covers: string, ms: number])[]): TimedGraph {
  const graph = parseGraph(`input x float32[4]\noutput y float32[4]\n${text}`);
  return {
    graph,
    nodes: graph.node.map((node, i) => ({
      node,
      covers: rows[i]![0].split(" ").filter(Boolean),
      ms: rows[i]![1],
      executions: 1,
    })),
  };
}

Deno.test("layerCosts() counts conversions to the layers they lead to, and divides what several share", () => {
  const file = timed(
    `q = QuantizeLinear(x)
     a = QLinearConv(q)
     b = QLinearConv(q)
     s = QLinearAdd(a, b)
     y = DequantizeLinear(s)`,
    [["", 2], ["a dq qa", 10], ["b dq qb", 20], ["add", 3], ["", 1]],
  );
  const float32 = timed(`a = Conv(x)\nb = Conv(x)\ny = Add(a, b)`, [["a", 4], ["b", 5], [
    "add",
    6,
  ]]);
  const layers = [
    { here: ["dq", "a", "qa"], there: ["a"] },
    { here: ["dq", "b", "qb"], there: ["b"] },
    { here: ["add"], there: ["add"] },
  ];
  assert.deepEqual(layerCosts(layers, file, float32), [
    { ms: 11, otherMs: 4, runs: ["QuantizeLinear", "QLinearConv"] },
    { ms: 21, otherMs: 5, runs: ["QuantizeLinear", "QLinearConv"] },
    { ms: 4, otherMs: 6, runs: ["QLinearAdd", "DequantizeLinear"] },
  ]);
});

Deno.test("layerCosts() holds a kernel that takes in what follows against the same nodes of the other model", () => {
  const file = timed(
    `i = ConvInteger(x)\nf = Cast(i)\nb = Add(f, f)\ny = Relu(b)`,
    [["conv_quant", 7], ["cast", 1], ["bias", 2], ["relu", 3]],
  );
  const float32 = timed(`y = FusedConv(x)`, [["conv bias relu", 5]]);
  const [cost] = layerCosts(
    [{ here: ["conv_quant", "cast"], there: ["conv"] }],
    file,
    float32,
  );
  assert.deepEqual([cost!.ms, cost!.otherMs], [13, 5]);
});

Deno.test("layerCosts() leaves what belongs to no layer, and what only moves values, to itself", () => {
  const file = timed(`h = Exp(x)\ny = Transpose(h)`, [["exp", 7], ["move", 1]]);
  assert.deepEqual(layerCosts([{ here: ["none"], there: ["none"] }], file, file), [
    { ms: 0, otherMs: 0, runs: [] },
  ]);
});

Deno.test("scaledTo() takes off what observing adds to each node, and makes times add up to the whole", () => {
  const seen = timed(`h = Exp(x)\ny = Neg(h)`, [["exp", 0.036], ["neg", 0.006]]);
  // 0.042 were seen of 0.032: 0.005 for each of two nodes.
  const times = scaledTo(seen, 0.032).nodes.map(({ ms }) => ms.toFixed(6));
  assert.deepEqual(times, ["0.031000", "0.001000"]);
  const far = timed(`h = Exp(x)\ny = Neg(h)`, [["exp", 6], ["neg", 2]]);
  const sum = scaledTo(far, 4).nodes.reduce((all, { ms }) => all + ms, 0);
  assert.ok(Math.abs(sum - 4) < 1e-9); // another pace, not what observing adds
  assert.ok(Math.abs(scaledTo(far, 4).nodes[1]!.ms - 1) < 0.01);
});
