import assert from "node:assert/strict";
import { fastOperators } from "../../lib/passes/fast_operators.ts";
import { dimsOf } from "../../lib/onnx/tensor_proto.ts";
import { error, modelOf, random, run } from "./fixtures.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { shapesOf } from "./lowering.ts";

/** How x is declared, its shape in the sample, the constant's shape, and the one that it gets, if another. */
const CASES: readonly [string, readonly number[], readonly number[], (readonly number[])?][] = [
  ["N, 40, 9, 1", [1, 40, 9, 1], [1], [1, 1, 1, 1]],
  ["N, L, 1", [1, 400, 1], [], [1, 1, 1]],
  ["N, 400, 3", [1, 400, 3], [], undefined], // no stretches at all
  ["N, 10, 60, 3", [1, 10, 60, 3], [3], [60, 3]],
  ["N, 30, 9, 2", [2, 30, 9, 2], [9, 1], [30, 9, 2]],
  ["N, 32, 3, 3", [2, 32, 3, 3], [32, 1, 1], [32, 3, 3]],
  ["N, 32, 3, 3", [2, 32, 3, 3], [1, 32, 1, 1], [32, 3, 3]],
  ["N, 8, 9, 9", [1, 8, 9, 9], [8, 1, 1], undefined], // long enough
  ["N, H, 3", [1, 100, 3], [3], undefined], // would have to follow an open length
  ["N, 20, 3", [16, 20, 3], [3], [20, 3]], // and goes no further than that
  ["N, 3, 1", [100, 3, 1], [3, 1], undefined], // 3 in a row, and the batch is open
  ["N, 9000, 2", [1, 9000, 2], [2], undefined], // would grow too large
];

Deno.test("fastOperators() gives constants shapes that make for long stretches, with the same bits", async () => {
  const operators = ["Add", "Sub", "Mul", "Div", "Max", "Min"];
  const model = modelOf(
    CASES.map(([declared], i) =>
      `input x${i} float32[${declared.replace("N", `N${i}`).replace(/[LH]/, (one) => one + i)}]`
    ).join("; ") + "\n" + CASES.map((_, i) => `output y${i} float32[...]`).join("; ") + "\n" +
      CASES.map((_, i) => {
        const inputs = i % 2 === 0 ? `x${i}, c${i}` : `c${i}, x${i}`;
        return `y${i} = ${operators[i % operators.length]}(${inputs})`;
      }).join("; "),
    Object.fromEntries(CASES.map(([, , dims], i) => [`c${i}`, random(dims, i)])),
  );
  const shapes = await shapesOf(model, Object.fromEntries(CASES.map(([, x], i) => [`x${i}`, x])));
  const written = model.withGraph(fastOperators(model.graph, { shapes }));
  const stored = new Map(written.graph.initializer.map((one) => [one.name, dimsOf(one)]));
  const found = written.graph.node.map(({ input }) =>
    input.flatMap((name) => stored.get(name) ?? [])
  );
  assert.deepEqual(found, CASES.map(([, , dims, wanted]) => wanted ?? dims));
  const feeds = Object.fromEntries(
    CASES.map(([, x], i) => [`x${i}`, random([x[0]! + 1, ...x.slice(1)], 50 + i)]),
  );
  assert.equal(error(await run(written, feeds), await run(model, feeds)), 0);
});

Deno.test("fastOperators() gives its own constants such shapes", async () => {
  const model = modelOf(
    "input x float32[N, 500, 1]; output y float32[N, 500, 1]; h = Neg(x); y = Relu(h)",
  );
  const shapes = await shapesOf(model, { x: [1, 500, 1] });
  const { graph } = model.withGraph(fastOperators(model.graph, { shapes }));
  assert.deepEqual(graph.node.map(({ opType }) => opType), ["Neg", "Max"]);
  assert.deepEqual(dimsOf(graph.initializer[0]!), [1, 1, 1]);
});

Deno.test("fastOperators() leaves the constants of a norm in parts, of which the runtime makes one operator", async () => {
  const model = modelOf(
    `input x float32[N, 120, 3]; output y float32[N, 120, 3]
     m = ReduceMean(x) {axes=[-1]}; d = Sub(x, m); q = Pow(d, two); v = ReduceMean(q) {axes=[-1]}
     e = Add(v, tiny); s = Sqrt(e); n = Div(d, s); p = Mul(n, w); y = Add(p, b)`,
    {
      two: float32([], [2]),
      tiny: float32([], [1e-5]),
      w: random([3], 1),
      b: random([3], 2),
    },
  );
  const shapes = await shapesOf(model, { x: [1, 120, 3] });
  assert.equal(fastOperators(model.graph, { shapes, words: ["identical"] }), model.graph);
});
