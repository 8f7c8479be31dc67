import assert from "node:assert/strict";
import type { Sensitivities } from "../../../lib/replay/layer_noise.ts";
import { costOf, proposalOf, propose, recipeOf } from "../../../lib/strategy/search/proposal.ts";
import { SEARCH_OBSERVERS } from "../../../lib/strategy/search/search_forms.ts";
import { type SearchSpace, searchSpace } from "../../../lib/strategy/search/space.ts";
import { toObserver } from "../../../lib/calibrate/observer_table.ts";
import { observerOf } from "../../../lib/quantize/from_recipe.ts";
import { modelOf } from "../../quantize/fixture.ts";
import {
  BINARY,
  chain,
  inForms,
  layersSpace,
  madeUpBase,
  mixOf,
  staticNodes,
  USUAL,
} from "./made_up.ts";

const TENSORS = { x: { [USUAL]: [1e-6] }, a_out: { [USUAL]: [2e-6] }, b_out: { [USUAL]: [4e-6] } };
const LAYERS = {
  a: { "int8 weights": [1e-4], "float16 weights": [1e-8] },
  b: { "int8 weights": [2e-4], dynamic: [5e-4] },
};

function twoGemms(sensitivities: Partial<Sensitivities> = {}, conversionMs = 0.5): SearchSpace {
  const base = madeUpBase(chain(["a", "b"]), {
    kernels: [
      { nodes: ["a"], float32: 3, static: 1 },
      { nodes: ["b"], float32: 5, static: 2, dynamic: 4 },
    ],
    conversionMs,
  });
  const usual = { outputs: ["b_out"], samples: 1, tensors: TENSORS, layers: LAYERS };
  return searchSpace(base, { ...usual, ...sensitivities }, "latency");
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${actual}, not ${expected}`);
}

Deno.test("a proposal adds up kernels, conversions, bytes, and the noise of weights and tensors", () => {
  const space = twoGemms();
  const float = mixOf(space);
  assert.deepEqual([float.ms, float.bytes, float.noise], [8, 2048, [0]]);

  const first = mixOf(space, "a");
  near(first.ms, 1 + 5 + 2 * 0.5); // into int8 and back
  assert.equal(first.bytes, 256 + 1024);
  near(first.noise[0]!, 1e-4 + 1e-6 + 2e-6);

  const both = mixOf(space, "a", "b");
  near(both.ms, 1 + 2 + 2 * 0.5);
  near(both.noise[0]!, 3e-4 + 1e-6 + 2e-6 + 4e-6); // a_out counts once
});

Deno.test("a proposal in which size counts takes the same time as one in which time does", () => {
  const { base, sensitivities } = twoGemms();
  const size = searchSpace(base, sensitivities, "size");
  near(mixOf(size, "a").ms, 7);
  near(costOf(mixOf(size, "a")), 1280 + 0.02 * 2048 * 7 / 8);
  near(costOf(mixOf(twoGemms(), "a")), 7 + 0.01 * 8 * 1280 / 2048);
});

Deno.test("costs are comparable between exact forms: the file of the same size costs the same", () => {
  const fast = madeUpBase(chain(["a"]), { kernels: [{ nodes: ["a"], float32: 1 }] });
  const slow = madeUpBase(chain(["a"]), { kernels: [{ nodes: ["a"], float32: 9 }] });
  const nothing = { outputs: ["a_out"], samples: 1, tensors: {}, layers: {} };
  const cost = (base: typeof fast) => costOf(mixOf(searchSpace(base, nothing, "size")));
  near(cost(fast), 1024 * 1.02);
  near(cost(slow), cost(fast));
});

Deno.test("propose() finds what trying every mix finds, for any limit", async () => {
  const space = layersSpace(BINARY);
  const names = Object.keys(BINARY);
  const mixes = Array.from(
    { length: 16 },
    (_, bits) => mixOf(space, ...names.filter((_, i) => bits & (1 << i))),
  );
  for (const most of [0.5, 1, 3.2, 7.9, 11, 14.5, 20]) {
    const found = (await propose(space, most * 1e-4))!;
    const best = mixes.filter(({ noise }) => noise[0]! <= most * 1e-4)
      .sort((a, b) => costOf(a) - costOf(b))[0]!;
    assert.equal(staticNodes(recipeOf(found)), staticNodes(recipeOf(best)), `${most}`);
  }
});

Deno.test("the limit holds at each output, and not at the first alone", async () => {
  const model = modelOf(
    `graph fork
    input x float32[1, 16]
    output y float32[1, 16]
    output z float32[1, 16]
    y = Gemm(x, w1) @ left
    z = Gemm(x, w2) @ right`,
    { w1: [16, 16], w2: [16, 16] },
  );
  const base = madeUpBase(model, {
    kernels: [
      { nodes: ["left"], float32: 10, static: 1 },
      { nodes: ["right"], float32: 10, static: 1 },
    ],
  });
  const space = searchSpace(base, {
    outputs: ["y", "z"],
    samples: 1,
    tensors: { x: { [USUAL]: [1e-6, 2e-6] }, y: { [USUAL]: [1e-6, 0] }, z: { [USUAL]: [0, 3e-6] } },
    layers: { left: { "int8 weights": [1e-4, 0] }, right: { "int8 weights": [0, 1e-2] } },
  }, "latency");
  const [left, right] = mixOf(space, "left", "right").noise as [number, number];
  near(left, 1e-4 + 2e-6);
  near(right, 1e-2 + 5e-6);
  const within = async (most: number) => staticNodes(recipeOf((await propose(space, most))!));
  assert.equal(await within(1e-3), "left");
  assert.equal(await within(2e-2), "left right");
  // Rounding counts at each output as well: x brings 2e-6 to z even where z is float32.
  assert.equal(await within(1.5e-6), "");
});

Deno.test("propose() gives undefined where a kernel has no choice", async () => {
  const space = layersSpace(BINARY);
  const kernels = space.problem.kernels.map((kernel) => ({ ...kernel, choices: [] }));
  assert.equal(await propose({ ...space, problem: { ...space.problem, kernels } }, 1), undefined);
});

Deno.test("a recipe names the form of each node that is not float32", () => {
  const space = twoGemms();
  assert.deepEqual(recipeOf(inForms(space, { a: "float16 weights", b: "dynamic" })), {
    kind: "assignment",
    base: "fused",
    forms: { a: { kind: "weightOnly", bits: 16 }, b: { kind: "dynamic" } },
    int8Tensors: [],
    observers: {},
    operators: "fast",
  });
  assert.deepEqual(recipeOf(mixOf(space, "b")), {
    kind: "assignment",
    base: "fused",
    forms: { b: { kind: "static", kernels: "any" } },
    int8Tensors: ["a_out"],
    observers: {},
    operators: "fast",
  });
  assert.deepEqual(recipeOf(mixOf(space)).forms, {});
});

Deno.test("a recipe keeps the observer that was chosen for a tensor, of those that are rounded", () => {
  const tensors = {
    x: { [USUAL]: [9e-6], "percentile 99.9": [1e-6] },
    a_out: { [USUAL]: [9e-6], "mse": [1e-6], "min-max": [2e-6] },
    b_out: { [USUAL]: [1e-6], "min-max": [2e-6] },
  };
  const space = twoGemms({ tensors });
  const percentile = { name: "percentile", percentile: 99.9 };
  assert.deepEqual(recipeOf(mixOf(space, "a")).observers, {
    a_out: { name: "mse" },
    x: percentile,
  });
  assert.deepEqual(recipeOf(mixOf(space, "b")).observers, { a_out: { name: "mse" } });
  assert.deepEqual(recipeOf(mixOf(space)).observers, {});
});

Deno.test("equal proposals have equal recipes, whatever the order of their choices", () => {
  const space = twoGemms();
  const { chosen } = mixOf(space, "a", "b");
  const again = proposalOf(space, chosen.map((choice) => ({ ...choice })));
  assert.deepEqual(
    JSON.stringify(recipeOf(again)),
    JSON.stringify(recipeOf(mixOf(space, "a", "b"))),
  );
});

Deno.test("the observers of a search have the names that they have in measurements", () => {
  for (const [name, spec] of SEARCH_OBSERVERS) assert.equal(observerOf(spec).name, name);
  assert.equal([...SEARCH_OBSERVERS.keys()][0], toObserver("lp-norm").name);
});
