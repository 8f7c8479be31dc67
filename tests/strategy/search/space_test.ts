import assert from "node:assert/strict";
import type { Sensitivities } from "../../../lib/replay/layer_noise.ts";
import {
  type SearchChoice,
  type SearchSpace,
  searchSpace,
} from "../../../lib/strategy/search/space.ts";
import { propose, recipeOf } from "../../../lib/strategy/search/proposal.ts";
import { recipeFamily, recipeName } from "../../../lib/record/recipe_name.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { BINARY, chain, layersSpace, madeUpBase, USUAL } from "./made_up.ts";

const TENSORS = { x: { [USUAL]: [1e-6] }, a_out: { [USUAL]: [2e-6] }, b_out: { [USUAL]: [3e-6] } };

/** Two Gemms, of which the second may be dynamic too. */
function twoGemms(sensitivities: Partial<Sensitivities>): SearchSpace {
  const base = madeUpBase(chain(["a", "b"]), {
    kernels: [
      { nodes: ["a"], float32: 3, static: 1 },
      { nodes: ["b"], float32: 5, static: 2, dynamic: 4 },
    ],
  });
  const none = { outputs: ["b_out"], samples: 1, tensors: TENSORS, layers: {} };
  return searchSpace(base, { ...none, ...sensitivities }, "latency");
}

function choicesOf({ problem }: SearchSpace, kernel: number): readonly SearchChoice[] {
  return problem.kernels[kernel]!.choices;
}

function choiceOf(space: SearchSpace, kernel: number, form: string): SearchChoice {
  return choicesOf(space, kernel).find((choice) => choice.form === form)!;
}

const formsOf = (space: SearchSpace, kernel: number) =>
  choicesOf(space, kernel).map(({ form }) => form);

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${actual}, not ${expected}`);
}

Deno.test("only what was measured is a choice", () => {
  const nothing = twoGemms({ layers: {} });
  assert.deepEqual(formsOf(nothing, 0), ["float32"]);
  assert.deepEqual(formsOf(nothing, 1), ["float32"]);

  const weights = { "int8 weights": [1e-4], "float16 weights": [1e-7] };
  const known = twoGemms({ layers: { a: weights, b: { dynamic: [1e-3] } } });
  assert.deepEqual(formsOf(known, 0), ["float32", "int8 weights", "float16 weights", "static"]);
  assert.deepEqual(formsOf(known, 1), ["float32", "dynamic"]);
});

Deno.test("a kernel is static only if it is known what rounding each of its tensors does", () => {
  const layers = { a: { "int8 weights": [1e-4] }, b: { "int8 weights": [1e-4] } };
  const { x, a_out } = TENSORS;
  const space = twoGemms({ layers, tensors: { x, a_out } });
  assert.ok(formsOf(space, 0).includes("static"));
  assert.ok(!formsOf(space, 1).includes("static")); // nothing is known of its result
});

Deno.test("a choice has the time, the bytes and the noise of its form", () => {
  const layers = { a: {}, b: { "int8 weights": [1e-4], "int4 weights": [1e-2], dynamic: [3e-4] } };
  const space = twoGemms({ layers });
  const figures = choicesOf(space, 1).map(({ form, kernelMs, bytes, noise }) => ({
    ...{ form, kernelMs, bytes, noise },
  }));
  assert.deepEqual(figures, [
    { form: "float32", kernelMs: 5, bytes: 1024, noise: [0] },
    { form: "int8 weights", kernelMs: 5, bytes: 256, noise: [1e-4] },
    { form: "int4 weights", kernelMs: 5, bytes: 0.14 * 1024, noise: [1e-2] },
    // Beside its weights a static kernel rounds tensors, which counts once for each of them.
    { form: "static", kernelMs: 2, bytes: 256, noise: [1e-4] },
    { form: "dynamic", kernelMs: 4, bytes: 256, noise: [3e-4] },
  ]);
});

Deno.test("integer products are a choice with noise of their own, which recipes name by the Conv", async () => {
  const model = modelOf(
    "input x float32[1, 4, 4, 4]; output y float32[1, 4, 2, 2]; y = Conv(x, w) @ a",
    { w: [4, 4, 3, 3] },
  );
  const base = madeUpBase(model, { kernels: [{ nodes: ["a"], float32: 3, integers: 1 }] });
  const spaceOf = (forms: Sensitivities["layers"][string]) =>
    searchSpace(base, { outputs: ["y"], samples: 1, tensors: {}, layers: { a: forms } }, "latency");
  assert.deepEqual(formsOf(spaceOf({ dynamic: [1e-3] }), 0), ["float32"]);
  const space = spaceOf({ "integer products": [4e-4] });
  const { kernelMs, bytes, noise } = choiceOf(space, 0, "integer products");
  assert.deepEqual({ kernelMs, bytes, noise }, { kernelMs: 1, bytes: 256, noise: [4e-4] }); // of 576

  assert.equal((await propose(space, 3e-4))!.chosen[0]!.form, "float32");
  const proposal = (await propose(space, 5e-4))!;
  assert.deepEqual(proposal.noise, [4e-4]);
  const recipe = recipeOf(proposal);
  assert.deepEqual([recipe.forms, recipe.convs], [{}, { a: "winograd 2x2, integers" }]);
  assert.equal(recipeName(recipe), "integer Winograd");
  assert.equal(recipeFamily(recipe), "dynamic");
});

Deno.test("size is a cost beside time: little where time counts, nearly all where size does", () => {
  // 8 ms and 2048 bytes in all. By latency the whole of the weights is worth 1 % of that time.
  const layers = { a: { "int8 weights": [1e-4] }, b: {} };
  const latency = twoGemms({ layers });
  near(latency.worth.byte * 2048, 0.08);
  near(choiceOf(latency, 0, "float32").ms, 3 + 0.04);
  near(choiceOf(latency, 0, "int8 weights").ms, 3 + 0.01);
  near(choiceOf(latency, 0, "static").ms, 1 + 0.01);

  const { base, sensitivities } = latency;
  const size = searchSpace(base, sensitivities, "size");
  // In milliseconds, so that the solver has numbers of one order: 8 ms for all the weights.
  near(choiceOf(size, 0, "float32").ms, 0.02 * 3 + 4);
  near(choiceOf(size, 0, "int8 weights").ms, 0.02 * 3 + 1);
  near(choiceOf(size, 0, "static").ms, 0.02 * 1 + 1);
});

Deno.test("conversions are worth what time is worth", () => {
  const base = madeUpBase(chain(["a"]), {
    kernels: [{ nodes: ["a"], float32: 3, static: 1 }],
    conversionMs: 0.5,
  });
  const sensitivities = { outputs: ["a_out"], samples: 1, tensors: TENSORS, layers: {} };
  const priced = (objective: "latency" | "size") =>
    searchSpace(base, sensitivities, objective).problem.prices("quantize", 16);
  near(priced("latency"), 0.5);
  near(priced("size"), 0.02 * 0.5);
});

Deno.test("weights that several nodes read count once among them", () => {
  const model = modelOf(
    `graph shared
    input x float32[1, 16]
    output y float32[1, 16]
    h = Gemm(x, w) @ first
    y = Gemm(h, w) @ second`,
    { w: [16, 16] },
  );
  const base = madeUpBase(model, {
    kernels: [{ nodes: ["first"], float32: 1 }, { nodes: ["second"], float32: 1 }],
  });
  const layers = { first: { "int8 weights": [1e-4] }, second: {} };
  const sensitivities = { outputs: ["y"], samples: 1, tensors: {}, layers };
  const space = searchSpace(base, sensitivities, "latency");
  assert.equal(choiceOf(space, 0, "float32").bytes, 512);
  assert.equal(choiceOf(space, 1, "float32").bytes, 512);
  assert.equal(choiceOf(space, 0, "int8 weights").bytes, 128);
});

Deno.test("of a tensor's observers the one that brings least noise at the worst output is taken", () => {
  const tensors = {
    ...TENSORS,
    x: {
      [USUAL]: [1e-5, 2e-5],
      "min-max": [0, 3e-5],
      "percentile 99.9": [1.5e-5, 1e-5],
      "of another version": [0, 0],
    },
  };
  const { rounding } = twoGemms({ outputs: ["a_out", "b_out"], tensors, layers: {} });
  assert.deepEqual(rounding.get("x"), { observer: "percentile 99.9", noise: [1.5e-5, 1e-5] });
  assert.equal(rounding.get("a_out")!.observer, USUAL);
});

/** A Conv written as a Transpose and two Gemms, with a Gemm behind it. */
function cutConv(): SearchSpace {
  const model = modelOf(
    `graph cut
    input x float32[16, 1]
    output y float32[1, 16]
    t = Transpose(x) @ "/conv/Transpose"
    p = Gemm(t, w1) @ "/conv/Gemm"
    q = Gemm(p, w2) @ "/conv/Gemm_1"
    y = Gemm(q, w3) @ "/head/Gemm"`,
    { w1: [16, 16], w2: [16, 48], w3: [48, 16] },
  );
  const base = madeUpBase(model, {
    form: { frames: false, products: [{ node: "/conv/Conv", form: "im2col" }] },
    dims: { x: [16, 1], q: [1, 48] },
    kernels: [
      { nodes: ["/conv/Transpose"], float32: 1, static: 1 },
      { nodes: ["/conv/Gemm"], float32: 1, static: 1, dynamic: 1 },
      { nodes: ["/conv/Gemm_1"], float32: 1, static: 1 },
      { nodes: ["/head/Gemm"], float32: 1, static: 1 },
    ],
  });
  const weights = { "int8 weights": [4e-4], dynamic: [8e-4] };
  return searchSpace(base, {
    outputs: ["y"],
    samples: 1,
    tensors: { x: { [USUAL]: [1e-5] }, q: { [USUAL]: [8e-5] }, y: { [USUAL]: [1e-6] } },
    layers: { "/conv/Conv": weights, "/head/Gemm": weights },
  }, "latency");
}

Deno.test("kernels that compute a layer together have equal parts of its noise, those without weights none", () => {
  const space = cutConv();
  const noiseOf = (kernel: number, form: string) => choiceOf(space, kernel, form).noise[0]!;
  assert.equal(noiseOf(0, "static"), 0); // the Transpose
  near(noiseOf(1, "static"), 2e-4);
  near(noiseOf(2, "int8 weights"), 2e-4);
  near(noiseOf(1, "dynamic"), 8e-4); // it alone can be dynamic
  near(noiseOf(3, "static"), 4e-4); // a layer of its own
  assert.equal(choiceOf(space, 0, "static").carries, true);
  assert.equal(choiceOf(space, 1, "static").carries, false);
});

Deno.test("a result inside a cut layer brings its share of what rounding the layer's result does", () => {
  const { rounding } = cutConv();
  near(rounding.get("q")!.noise[0]!, 8e-5);
  near(rounding.get("p")!.noise[0]!, 8e-5 * 16 / (16 + 48)); // of what the two Gemms compute
  near(rounding.get("t")!.noise[0]!, 1e-5); // x in another order
});

Deno.test("a space of one objective has the same choices as one of the other", () => {
  const [latency, size] = [layersSpace(BINARY), layersSpace(BINARY, "size")];
  latency.problem.kernels.forEach((_, i) =>
    assert.deepEqual(formsOf(latency, i), formsOf(size, i))
  );
});
