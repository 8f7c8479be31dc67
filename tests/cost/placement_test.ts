import assert from "node:assert/strict";
import {
  changesMs,
  type Choice,
  type Placed,
  placementMs,
  type PlacementProblem,
} from "../../lib/cost/placement.ts";
import { solvePlacement } from "../../lib/cost/solve.ts";
import { stepsBetween, TENSOR_FORMS } from "../../lib/cost/tensor_form.ts";
import { random } from "../../lib/data/visemes/prng.ts";

const PRICES = { quantize: 0.5, dequantize: 0.2, turnInt8: 0.3, turnFloat: 0.8 };

function problemOf(items: readonly Placed[], results: readonly string[]): PlacementProblem {
  return { items, results, elements: () => 1, prices: (step) => PRICES[step] };
}

function item(inputs: string[], outputs: string[], choices: readonly Choice[]): Placed {
  return { inputs, outputs, choices };
}

const float = (ms: number): Choice => ({ input: "float", output: "float", ms });
const int8 = (ms: number): Choice => ({ input: "int8", output: "int8", ms });
const last = (ms: number): Choice => ({ input: "int8Last", output: "int8Last", ms });

/** The least cost by trying everything. */
function leastMs(problem: PlacementProblem): number {
  let least = Infinity;
  const walk = (chosen: Choice[]) => {
    const next = problem.items[chosen.length];
    if (next) { for (const choice of next.choices) walk([...chosen, choice]); }
    else least = Math.min(least, placementMs(problem, chosen));
  };
  walk([]);
  return least;
}

Deno.test("stepsBetween() turns a tensor while it is uint8, and has no step to where it is", () => {
  for (const form of TENSOR_FORMS) assert.deepEqual(stepsBetween(form, form), []);
  assert.deepEqual(stepsBetween("floatLast", "int8"), ["quantize", "turnInt8"]);
  assert.deepEqual(stepsBetween("int8Last", "floatLast"), ["dequantize"]);
  assert.deepEqual(stepsBetween("float", "floatLast"), ["turnFloat"]);
});

Deno.test("a tensor is brought into a form once, however many read it so", () => {
  const problem = problemOf([
    item(["x"], ["a"], [float(1)]),
    item(["a"], ["b"], [int8(1)]),
    item(["a"], ["c"], [int8(1)]),
    item(["b", "c"], ["y"], [int8(1)]),
  ], ["y"]);
  const chosen = problem.items.map(({ choices }) => choices[0]!);
  assert.ok(Math.abs(changesMs(problem, chosen) - 0.7) < 1e-12); // into int8 once, and back
});

Deno.test("an item that is faster in int8 stays float32 if its boundaries cost more", async () => {
  const alone = problemOf([item(["x"], ["y"], [float(2), int8(1.4)])], ["y"]);
  assert.deepEqual(await solvePlacement(alone), [float(2)]);
  const gains = problemOf([item(["x"], ["y"], [float(2), int8(1.2)])], ["y"]);
  assert.deepEqual(await solvePlacement(gains), [int8(1.2)]);
});

Deno.test("a chain that pays only as a whole is found, with the slow link between fast ones", async () => {
  // Each alone loses, and the Add in the middle is slower in int8: together they gain.
  const chain = problemOf([
    item(["x"], ["a"], [float(2), last(1.5)]),
    item(["a"], ["b"], [float(0.1), last(0.2)]),
    item(["b"], ["y"], [float(2), last(1.0)]),
  ], ["y"]);
  const chosen = await solvePlacement(chain);
  assert.deepEqual(chosen.map(({ input }) => input), ["int8Last", "int8Last", "int8Last"]);
});

Deno.test("the solver finds what trying everything finds, on random networks", async () => {
  const stream = random(3);
  const pick = (count: number) => stream.bits() % count;
  for (let round = 0; round < 40; round++) {
    const tensors = ["x"];
    const items = Array.from({ length: 2 + pick(5) }, (_, i) => {
      const inputs = [...new Set([pick(tensors.length), pick(tensors.length)])]
        .map((t) => tensors[t]!);
      const outputs = pick(4) === 0 ? [`t${i}a`, `t${i}b`] : [`t${i}`];
      tensors.push(...outputs);
      const choices = Array.from({ length: 1 + pick(4) }, () => ({
        input: TENSOR_FORMS[pick(4)]!,
        output: TENSOR_FORMS[pick(4)]!,
        ms: stream.between(0, 2),
      }));
      return item(inputs, outputs, choices);
    });
    const problem = problemOf(items, [tensors.at(-1)!, tensors[pick(tensors.length)]!]);
    const found = placementMs(problem, await solvePlacement(problem));
    assert.ok(found <= leastMs(problem) * 1.001 + 1e-6, `${found} against ${leastMs(problem)}`);
  }
});
