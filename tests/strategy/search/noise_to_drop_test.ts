import assert from "node:assert/strict";
import type { Metric } from "../../../lib/evaluate/metric.ts";
import {
  dropOfNoise,
  type NoiseCurve,
  noiseCurve,
  noiseOfDrop,
  outputsRead,
} from "../../../lib/strategy/search/noise_to_drop.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { normal } from "../../random.ts";

const curve: NoiseCurve = { noise: [1e-4, 1e-2, 1], drop: [2, 4, 10] };

function near(actual: number, expected: number, share = 1e-9): void {
  assert.ok(
    Math.abs(actual - expected) <= share * Math.abs(expected),
    `${actual}, not ${expected}`,
  );
}

Deno.test("dropOfNoise() and noiseOfDrop() draw lines over the logarithm of the noise", () => {
  near(dropOfNoise(curve, 1e-3), 3); // half way from 1e-4 to 1e-2
  near(noiseOfDrop(curve, 3), 1e-3);
  near(dropOfNoise(curve, 10 ** -0.5), 8.5); // three quarters of the way from 1e-2 to 1
  near(noiseOfDrop(curve, 8.5), 10 ** -0.5);
});

Deno.test("the curve is met at its points, and one leads back to the other", () => {
  curve.noise.forEach((noise, i) => near(dropOfNoise(curve, noise), curve.drop[i]!));
  for (const drop of [0.3, 2, 2.5, 3.9, 4, 7]) {
    near(dropOfNoise(curve, noiseOfDrop(curve, drop)), drop);
  }
});

Deno.test("below the first step noise and drop fall in proportion, to nothing", () => {
  near(dropOfNoise(curve, 1e-5), 0.2);
  near(noiseOfDrop(curve, 0.2), 1e-5);
  assert.equal(dropOfNoise(curve, 0), 0);
  assert.equal(noiseOfDrop(curve, 0), 0);
});

Deno.test("above the last step both stay where they are", () => {
  assert.equal(dropOfNoise(curve, 50), 10);
  assert.equal(noiseOfDrop(curve, 11), 1);
  assert.equal(noiseOfDrop(curve, 10), 1);
});

Deno.test("noiseOfDrop() takes the most noise where the drop does not change", () => {
  assert.equal(noiseOfDrop({ noise: [1e-4, 1e-3, 1e-2], drop: [0, 0, 5] }, 0), 1e-3);
});

/** Samples whose one output is these values. */
function resultsOf(...values: readonly Float32Array<ArrayBuffer>[]) {
  return values.map((data) => ({ y: float32([data.length], data) }));
}

/** The mean of squared errors: what is added is read straight off the curve. */
const squaredError: Metric = {
  name: "squared error",
  unit: "",
  higherIsBetter: false,
  score({ outputs, reference }) {
    const xs = reference.y!.data as Float32Array;
    const ys = outputs.y!.data as Float32Array;
    return xs.reduce((sum, x, i) => sum + (x - ys[i]!) ** 2, 0) / xs.length;
  },
};

Deno.test("noiseCurve() adds noise of the power that it says, whatever the number of values", () => {
  for (const length of [100, 1600]) {
    const results = resultsOf(...[1, 2, 3, 4].map((seed) => normal(length, seed, 3)));
    const { noise, drop } = noiseCurve({ results, scores: new Float64Array(4) }, squaredError, [
      "y",
    ]);
    const values = results.flatMap(({ y }) => [...y.data]);
    const signal = values.reduce((sum, x) => sum + x * x, 0) / values.length;
    noise.forEach((power, i) => near(drop[i]!, power * signal, 0.15));
  }
});

Deno.test("noiseCurve() goes from 65 dB to 0 and never falls", () => {
  const results = resultsOf(normal(20, 1), normal(20, 2));
  const { noise, drop } = noiseCurve({ results, scores: new Float64Array(2) }, squaredError, ["y"]);
  near(noise[0]!, 10 ** -6.5);
  near(noise.at(-1)!, 1);
  assert.ok(drop.every((value, i) => i === 0 || value >= drop[i - 1]!));
});

Deno.test("noiseCurve() gives the drop of a share in points", () => {
  // Right as long as nothing changed at all, which any noise ends.
  const unchanged: Metric = {
    name: "unchanged",
    unit: "%",
    higherIsBetter: true,
    score: ({ outputs, reference }) => outputs.y!.data[0] === reference.y!.data[0] ? 1 : 0,
  };
  const results = resultsOf(normal(8, 1), normal(8, 2), normal(8, 3), normal(8, 4));
  const { drop } = noiseCurve({ results, scores: Float64Array.of(1, 1, 0, 0) }, unchanged, ["y"]);
  assert.equal(drop.at(-1), 50); // float32 is right in two of four
});

Deno.test("noiseCurve() starts from perfect where the metric is closeness to float32", async (t) => {
  for (const [unit, perfect, start] of [["%", 100, 100], ["", 7, 7]] as const) {
    await t.step(`${perfect}${unit}`, () => {
      const nothing: Metric = { name: "none", unit, higherIsBetter: true, perfect, score: () => 0 };
      const evaluation = { results: resultsOf(normal(8, 1)), scores: Float64Array.of(0) };
      assert.equal(noiseCurve(evaluation, nothing, ["y"]).drop[0], start);
    });
  }
});

Deno.test("noiseCurve() leaves samples without a label out, and those that cannot be scored", () => {
  const labelled: Metric = {
    name: "label",
    unit: "",
    higherIsBetter: true,
    usesLabels: true,
    score({ label, index }) {
      if (index === 1) throw new Error("no such class");
      return -label!;
    },
  };
  const results = resultsOf(normal(8, 1), normal(8, 2), normal(8, 3), normal(8, 4));
  const evaluation = { results, scores: new Float64Array(4) };
  const { drop } = noiseCurve(evaluation, labelled, ["y"], {
    labels: Int32Array.of(3, 100, -1, 5),
  });
  assert.equal(drop.at(-1), 4); // samples 0 and 3
});

Deno.test("outputsRead() finds the outputs that make a difference to the metric", () => {
  const reads = (name: string): Metric => ({
    name: "first value",
    unit: "",
    higherIsBetter: true,
    score: ({ outputs }) => name === "" ? 0 : (outputs[name]!.data as Float32Array)[0]!,
  });
  const results = [{
    y: float32([2], Float32Array.of(1, 2)),
    z: float32([2], Float32Array.of(3, 4)),
    n: { type: "int64" as const, dims: [1], data: BigInt64Array.of(1n) },
  }];
  assert.deepEqual(outputsRead({ results }, reads("z")), ["z"]);
  assert.deepEqual(outputsRead({ results }, reads("")), ["y", "z"]); // none shows: all of them
});
