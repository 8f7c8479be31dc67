import assert from "node:assert/strict";
import {
  changesMs,
  type Choice,
  type Placed,
  placementMs,
  type PlacementProblem,
  placementTakes,
} from "../../lib/cost/placement.ts";
import { solvePlacement } from "../../lib/cost/solve.ts";
import { conversionsBetween, TENSOR_FORMS } from "../../lib/cost/tensor_form.ts";
import { random } from "../../lib/random.ts";

const PRICES = { quantize: 0.5, dequantize: 0.2, transposeInt8: 0.3, transposeFloat: 0.8 };

function problemOf(kernels: readonly Placed[], results: readonly string[]): PlacementProblem {
  return { kernels, results, elements: () => 1, prices: (step) => PRICES[step] };
}

function kernel(inputs: string[], outputs: string[], choices: readonly Choice[]): Placed {
  return { inputs, outputs, choices };
}

const float = (ms: number): Choice => ({ input: "float", output: "float", ms });
const int8 = (ms: number): Choice => ({ input: "int8", output: "int8", ms });
const last = (ms: number): Choice => ({ input: "int8Last", output: "int8Last", ms });

/** Whether a placement keeps all limits. */
function keepsLimits(problem: PlacementProblem, chosen: readonly Choice[]): boolean {
  const takes = placementTakes(problem, chosen);
  return (problem.limits ?? []).every(({ most }, l) => takes[l]! <= most * (1 + 1e-6));
}

/** The least cost by trying everything; Infinity if nothing keeps the limits. */
function leastMs(problem: PlacementProblem): number {
  let least = Infinity;
  const walk = (chosen: Choice[]) => {
    const next = problem.kernels[chosen.length];
    if (next) { for (const choice of next.choices) walk([...chosen, choice]); }
    else if (keepsLimits(problem, chosen)) least = Math.min(least, placementMs(problem, chosen));
  };
  walk([]);
  return least;
}

Deno.test("conversionsBetween() turns a tensor while it is uint8, and has no step to where it is", () => {
  for (const form of TENSOR_FORMS) assert.deepEqual(conversionsBetween(form, form), []);
  assert.deepEqual(conversionsBetween("floatLast", "int8"), ["quantize", "transposeInt8"]);
  assert.deepEqual(conversionsBetween("int8Last", "floatLast"), ["dequantize"]);
  assert.deepEqual(conversionsBetween("float", "floatLast"), ["transposeFloat"]);
});

Deno.test("a tensor is brought into a form once, however many read it so", () => {
  const problem = problemOf([
    kernel(["x"], ["a"], [float(1)]),
    kernel(["a"], ["b"], [int8(1)]),
    kernel(["a"], ["c"], [int8(1)]),
    kernel(["b", "c"], ["y"], [int8(1)]),
  ], ["y"]);
  const chosen = problem.kernels.map(({ choices }) => choices[0]!);
  assert.ok(Math.abs(changesMs(problem, chosen) - 0.7) < 1e-12); // into int8 once, and back
});

Deno.test("a kernel that is faster in int8 stays float32 if its boundaries cost more", async () => {
  const alone = problemOf([kernel(["x"], ["y"], [float(2), int8(1.4)])], ["y"]);
  assert.deepEqual(await solvePlacement(alone), [float(2)]);
  const gains = problemOf([kernel(["x"], ["y"], [float(2), int8(1.2)])], ["y"]);
  assert.deepEqual(await solvePlacement(gains), [int8(1.2)]);
});

Deno.test("a chain that pays only as a whole is found, with the slow link between fast ones", async () => {
  // Each alone loses, and the Add in the middle is slower in int8: together they gain.
  const chain = problemOf([
    kernel(["x"], ["a"], [float(2), last(1.5)]),
    kernel(["a"], ["b"], [float(0.1), last(0.2)]),
    kernel(["b"], ["y"], [float(2), last(1.0)]),
  ], ["y"]);
  const chosen = await solvePlacement(chain);
  assert.deepEqual(chosen.map(({ input }) => input), ["int8Last", "int8Last", "int8Last"]);
});

Deno.test("the solver finds what trying everything finds, on random networks", async () => {
  const stream = random(3);
  const pick = (count: number) => stream.bits() % count;
  for (let round = 0; round < 40; round++) {
    const tensors = ["x"];
    const kernels = Array.from({ length: 2 + pick(5) }, (_, i) => {
      const inputs = [...new Set([pick(tensors.length), pick(tensors.length)])]
        .map((t) => tensors[t]!);
      const outputs = pick(4) === 0 ? [`t${i}a`, `t${i}b`] : [`t${i}`];
      tensors.push(...outputs);
      const choices = Array.from({ length: 1 + pick(4) }, () => ({
        input: TENSOR_FORMS[pick(4)]!,
        output: TENSOR_FORMS[pick(4)]!,
        ms: stream.between(0, 2),
      }));
      return kernel(inputs, outputs, choices);
    });
    const problem = problemOf(kernels, [tensors.at(-1)!, tensors[pick(tensors.length)]!]);
    const found = placementMs(problem, await solvePlacement(problem));
    assert.ok(found <= leastMs(problem) * 1.001 + 1e-6, `${found} against ${leastMs(problem)}`);
  }
});

Deno.test("a tensor is rounded once, however many read it, and not where its integers are passed on", () => {
  const carried: Choice = { ...int8(1), carries: true };
  const problem = {
    ...problemOf([
      kernel(["x"], ["a"], [int8(1)]),
      kernel(["a"], ["b"], [carried]),
      kernel(["b"], ["c"], [int8(1)]),
      kernel(["b"], ["y"], [{ ...float(1), takes: [4] }]),
    ], ["c", "y"]),
    limits: [{
      most: 9,
      rounding: (name: string) => ({ x: 100, a: 10, b: 1000, c: 1 })[name] ?? 0,
    }],
  };
  const chosen = problem.kernels.map(({ choices }) => choices[0]!);
  assert.deepEqual(placementTakes(problem, chosen), [115]);
});

Deno.test("what two limits leave is found as by trying everything, on random networks", async () => {
  const stream = random(5);
  const pick = (count: number) => stream.bits() % count;
  let refused = 0;
  for (let round = 0; round < 20; round++) {
    const tensors = ["x"];
    const kernels = Array.from({ length: 2 + pick(4) }, (_, i) => {
      const inputs = [tensors[pick(tensors.length)]!, tensors[pick(tensors.length)]!];
      tensors.push(`t${i}`);
      const choices = Array.from({ length: 1 + pick(4) }, (): Choice => {
        const form = TENSOR_FORMS[pick(4)]!;
        const carries = form.startsWith("int8") && pick(3) === 0;
        return {
          input: form,
          output: form,
          ms: pick(100) / 50,
          takes: [pick(4), pick(4)],
          carries,
        };
      });
      return kernel(inputs, [`t${i}`], choices);
    });
    const problem = {
      ...problemOf(kernels, [tensors.at(-1)!]),
      limits: [0, 1].map((l) => ({
        most: pick(9),
        rounding: (name: string) => (name.charCodeAt(name.length - 1) * (l + 3)) % 4,
      })),
    };
    const least = leastMs(problem);
    if (least === Infinity) {
      refused++;
      await assert.rejects(() => solvePlacement(problem), /no placement keeps the limits/);
      continue;
    }
    const chosen = await solvePlacement(problem);
    assert.ok(keepsLimits(problem, chosen));
    assert.ok(placementMs(problem, chosen) <= least * 1.001 + 1e-9, `round ${round}`);
  }
  assert.ok(refused > 0 && refused < 18, `${refused}`);
});
