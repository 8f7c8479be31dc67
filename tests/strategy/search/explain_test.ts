import assert from "node:assert/strict";
import type { Calibration } from "../../../lib/calibrate/calibration.ts";
import { addValues, emptyStatistics } from "../../../lib/calibrate/statistics.ts";
import type { DecisionRow } from "../../../lib/record/search_record.ts";
import type { Sensitivities } from "../../../lib/replay/layer_noise.ts";
import { explainDecisions } from "../../../lib/strategy/search/explain.ts";
import type { Proposal } from "../../../lib/strategy/search/proposal.ts";
import { type SearchSpace, searchSpace } from "../../../lib/strategy/search/space.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { chain, inForms, madeUpBase, mixOf, USUAL } from "./made_up.ts";

const SENSITIVITIES: Sensitivities = {
  outputs: ["b_out"],
  samples: 1,
  tensors: { x: { [USUAL]: [1e-6] }, a_out: { [USUAL]: [2e-6] }, b_out: { [USUAL]: [4e-6] } },
  layers: { a: { "int8 weights": [1e-4] }, b: { "int8 weights": [2e-4], dynamic: [5e-4] } },
};

/** a: 10 ms, 1 static; b: 5 ms, 4 static, 3 dynamic. */
function twoGemms(objective: "latency" | "size" = "latency"): SearchSpace {
  const base = madeUpBase(chain(["a", "b"]), {
    kernels: [
      { nodes: ["a"], float32: 10, static: 1 },
      { nodes: ["b"], float32: 5, static: 4, dynamic: 3 },
    ],
    conversionMs: 0.25,
  });
  return searchSpace(base, SENSITIVITIES, objective);
}

/** Explained with a drop of 1000 times the noise. */
function explained(proposal: Proposal, limit: number, calibration?: Calibration): DecisionRow[] {
  return explainDecisions(proposal, { dropOf: (noise) => 1000 * noise, limit, calibration });
}

function near(actual: number | undefined, expected: number): void {
  assert.ok(
    actual !== undefined &&
      Math.abs(actual - expected) <= 1e-9 * Math.max(1e-6, Math.abs(expected)),
    `${actual}, not ${expected}`,
  );
}

Deno.test("a row says what a layer takes, saves, adds in noise, and what that noise costs", () => {
  const [a] = explained(mixOf(twoGemms(), "a"), 1);
  assert.deepEqual([a!.node, a!.opType, a!.kernels, a!.form], ["a", "Gemm", 1, "static"]);
  assert.equal(a!.ms, 1);
  near(a!.savesMs, 9 - 0.5); // conversions into int8 and back included
  assert.equal(a!.savesBytes, 768);
  near(a!.dB, -10 * Math.log10(1.03e-4)); // its weights, its input and its result
  near(a!.drop, 0.103);
});

Deno.test("added noise is what the whole has more than with the layer in float32: shared tensors are not its own", () => {
  const [a, b] = explained(mixOf(twoGemms(), "a", "b"), 1);
  near(a!.drop, 1000 * (1e-4 + 1e-6)); // a_out is rounded for b as well
  near(b!.drop, 1000 * (2e-4 + 4e-6));
  near(b!.savesMs, 1); // no conversion more, none less
});

Deno.test("a float32 layer adds no noise and saves nothing", () => {
  const [, b] = explained(mixOf(twoGemms(), "a"), 1);
  assert.equal(b!.form, "float32");
  assert.deepEqual([b!.savesMs, b!.savesBytes, b!.dB, b!.drop], [0, 0, undefined, undefined]);
});

Deno.test("a faster form that was rejected for its noise is the next best", () => {
  const [, b] = explained(mixOf(twoGemms(), "a"), 2e-4);
  assert.equal(b!.next!.form, "dynamic");
  near(b!.next!.ms, 3 - 5);
  assert.equal(b!.next!.bytes, -768);
  near(b!.next!.drop, 0.5);
  assert.equal(b!.why, "dynamic would be faster, but exceeds the error limit");
});

Deno.test("a row tells all forms of a layer, the chosen one first, and why each other lost", () => {
  const [, b] = explained(mixOf(twoGemms(), "a"), 4.5e-4);
  const told = b!.forms!.map((
    { form, chosen, ms, moreMs, why },
  ) => [form, chosen, ms, moreMs, why]);
  assert.deepEqual(told, [
    ["float32", true, 5, undefined, `chosen: ${b!.why}`],
    ["dynamic", false, 3, -2, "faster, but with more noise than the budget allows"],
    ["static", false, 4, told[2]![3], "about as fast"], // a conversion in front less, one behind more
    ["int8 weights", false, 5, 0, "about as fast"],
  ]);
  near(b!.forms![3]!.dB, -10 * Math.log10(2e-4));
  assert.equal(b!.forms![3]!.bytes, b!.forms![0]!.bytes! / 4);
});

Deno.test("a form that is over a limit on opening, was less than exact, or is too large while it runs, says so", () => {
  const { base } = twoGemms();
  const kernels = base.problem.kernels.map((kernel) => ({
    ...kernel,
    choices: kernel.choices.map((choice) => ({
      ...choice,
      takes: [1, choice.kind === "static" ? 9 : 1],
    })),
    inexact: new Map([["winograd 4x4", 87]] as const),
    tooLarge: new Map(
      [["winograd 2x2", 58e6], ["winograd 2x2, integers", 61e6]] as const,
    ),
  }));
  const limits = [3, 3].map((most) => ({ most, rounding: () => 0 }));
  const limited = { ...base, problem: { ...base.problem, kernels, limits } };
  const [a] = explained(mixOf(searchSpace(limited, SENSITIVITIES, "latency")), 1);
  const why = Object.fromEntries(a!.forms!.map((one) => [one.form, one.why]));
  assert.equal(
    why["static"],
    "faster, but takes the whole over the limit on the WASM heap (--max-heap)",
  );
  assert.equal(why["float32, winograd 4x4"], "87.0 dB on the sample, less than 100");
  const rest = "while it runs: above the limit of the WASM heap (--max-heap)";
  assert.equal(why["float32, winograd 2x2"], `needs 58.0 MB ${rest}`);
  assert.equal(why["winograd 2x2, integers"], `needs 61.0 MB ${rest}`);
});

Deno.test("without a rejected form the next best is the best of the others within the limit", () => {
  const [a] = explained(mixOf(twoGemms(), "a"), 1.5e-4);
  assert.equal(a!.next!.form, "int8 weights"); // as fast as float32, and smaller
  near(a!.next!.ms, 8.5);
  near(a!.next!.drop, 0.1);
  assert.equal(a!.why, "fastest form within the limit");
});

Deno.test("where a better form is within the limit too, the one that was taken has less noise", () => {
  const [, b] = explained(mixOf(twoGemms(), "a"), 1);
  assert.equal(b!.why, "about as fast as dynamic, with less quantization error");
});

Deno.test("a layer whose other forms all exceed the limit says so", () => {
  const [a] = explained(inForms(twoGemms(), { a: "int8 weights" }), 0);
  // static would be faster: that is the more telling of the two.
  assert.equal(a!.why, "static would be faster, but exceeds the error limit");
  const space = madeUpBase(chain(["a"]), { kernels: [{ nodes: ["a"], float32: 1, static: 9 }] });
  const slow = searchSpace(space, SENSITIVITIES, "latency");
  const { problem: { kernels: [kernel] } } = slow;
  const kernels = [{
    ...kernel!,
    choices: kernel!.choices.filter(({ form }) => form !== "int8 weights"),
  }];
  const only = { ...slow, problem: { ...slow.problem, kernels } };
  assert.equal(
    explained(mixOf(only), 0)[0]!.why,
    "every other form exceeds the error limit",
  );
  const none = {
    ...slow,
    problem: {
      ...slow.problem,
      kernels: kernels.map((one) => ({
        ...one,
        choices: one.choices.filter(({ form }) => form === "float32"),
      })),
    },
  };
  const [row] = explained(mixOf(none), 0);
  assert.equal(row!.why, "there is no other form");
  assert.equal(row!.next, undefined);
});

Deno.test("reasons speak of size where size is what counts", () => {
  const [a] = explained(mixOf(twoGemms("size"), "a", "b"), 1);
  assert.equal(a!.why, "smallest form within the limit");
});

Deno.test("observers other than the usual one are named with their tensors, and outliers with a reason", () => {
  const { base } = twoGemms();
  const tensors = {
    ...SENSITIVITIES.tensors,
    a_out: { [USUAL]: [2e-6], "percentile 99.9": [1e-6] },
  };
  const space = searchSpace(base, { ...SENSITIVITIES, tensors }, "latency");
  const values = Float32Array.from({ length: 5000 }, (_, i) => i % 2500 === 0 ? 1000 : i % 10);
  const calibration: Calibration = {
    samples: 1,
    statistics: new Map([
      ["a_out", addValues(emptyStatistics(), values)],
      ["x", addValues(emptyStatistics(), values.map((x) => x % 10))],
    ]),
  };
  const [a, b] = explained(mixOf(space, "a"), 1, calibration);
  assert.deepEqual([a!.observers, b!.observers], [["percentile 99.9 of a_out"], [
    "percentile 99.9 of a_out",
  ]]);
  const [first, ...more] = a!.why.split("; ");
  assert.equal(first, "fastest form within the limit");
  assert.equal(more.length, 1);
  assert.match(more[0]!, /a_out/);
});

Deno.test("a layer of several kernels has one row, and what only moves values has none", () => {
  const model = modelOf(
    `graph cut
    input x float32[16, 1]
    output y float32[1, 16]
    t = Transpose(x) @ "/conv/Transpose"
    p = Gemm(t, w1) @ "/conv/Gemm"
    y = Gemm(p, w2) @ "/conv/Gemm_1"
    z = Flatten(x) @ flatten`,
    { w1: [16, 16], w2: [16, 16] },
  );
  const base = madeUpBase(model, {
    form: { frames: false, products: [{ node: "/conv/Conv", form: "im2col" }] },
    kernels: [
      { nodes: ["/conv/Transpose"], float32: 1, static: 1 },
      { nodes: ["/conv/Gemm"], float32: 4, static: 1 },
      { nodes: ["/conv/Gemm_1"], float32: 8, static: 2 },
      { nodes: ["flatten"], float32: 1 },
    ],
  });
  const space = searchSpace(base, {
    outputs: ["y"],
    samples: 1,
    tensors: { x: { [USUAL]: [0] }, y: { [USUAL]: [0] } },
    layers: { "/conv/Conv": { "int8 weights": [1e-4] } },
  }, "latency");
  const proposal = inForms(space, { "/conv/Gemm": "int8 weights", "/conv/Gemm_1": "static" });
  const rows = explained(proposal, 1);
  assert.deepEqual(rows.map(({ node }) => node), ["/conv/Conv"]);
  const [row] = rows;
  assert.equal(row!.kernels, 3);
  assert.equal(row!.opType, "Gemm");
  assert.equal(row!.form, "int8 weights"); // 4 ms of it, 2 ms static
  assert.equal(row!.ms, 1 + 4 + 2);
  assert.equal(row!.next!.form, "static"); // all of it
  near(row!.next!.ms, -3);
});
