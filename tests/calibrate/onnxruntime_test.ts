import { assertAlmostEquals, assertEquals } from "@std/assert";
import { clipDivergence, entropy, sumBins } from "../../lib/calibrate/entropy.ts";
import { minMax, percentile } from "../../lib/calibrate/observers.ts";
import { meanMinMax } from "../../lib/calibrate/sample_observers.ts";
import { generator } from "../random.ts";
import { batches, bell, seen } from "./arrays.ts";

// Recorded with onnxruntime 1.30.0 (onnxruntime.quantization.calibrate), on the arrays of arrays.ts.

Deno.test("minMax() is onnxruntime's MinMaxCalibrater", () => {
  assertEquals(minMax().range(seen(...batches(8))), {
    min: -4.540505886077881,
    max: 3.754733085632324,
  });
});

Deno.test("meanMinMax() is what onnxruntime calls a moving average", () => {
  const { min, max } = meanMinMax().range(seen(...batches(8)));
  assertAlmostEquals(min, -2.984315872192383, 1e-6);
  assertAlmostEquals(max, 2.7797720432281494, 1e-6);
});

Deno.test("percentile() is within a bin of onnxruntime's, which takes the bin's left edge", () => {
  // onnxruntime's 2048 bins are 2 * 4.54 / 2048 wide, ours 2^-8; both ends are known to one of them.
  const tolerance = 2 * 4.54 / 2048 + 2 ** -8;
  const statistics = seen(...batches(8));
  const recorded = [
    { percent: 99, min: -3.0639548301696777, max: 3.0107455253601074 },
    { percent: 99.9, min: -4.035019874572754, max: 3.5472702980041504 },
  ];
  for (const { percent, min, max } of recorded) {
    const range = percentile(percent).range(statistics);
    assertAlmostEquals(range.min, min, tolerance);
    assertAlmostEquals(range.max, max, tolerance);
  }
});

Deno.test("clipDivergence() is onnxruntime's, where all bins are filled and divide among levels", () => {
  // onnxruntime rounds each bin's share down to a whole number, so the counts are multiples of 27720;
  // it gives empty bins of a level a share too, which makes up values that were never seen.
  const random = generator(43);
  const bins = 5 * 63;
  const counts = Float64Array.from({ length: bins }, (_, i) => {
    return 27720 * Math.floor(1 + random() * 400 / (1 + Math.abs(i - 157)));
  });
  assertEquals(counts.reduce((a, b) => a + b), 67_054_680);
  const recorded = [[63, 0.8395174741744995], [189, 0.3955014646053314], [315, 0.1317942887544632]];
  for (const [length, divergence] of recorded as [number, number][]) {
    const start = (bins - length) / 2;
    const ours = clipDivergence(sumBins(counts), start, start + length, 63);
    assertAlmostEquals(ours, divergence, 1e-6 * divergence);
  }
});

Deno.test("clipDivergence() gives nothing to empty bins", () => {
  // Two levels of three bins; of each one is empty. Within a level the others are equal: nothing lost.
  const counts = Float64Array.of(4, 0, 4, 9, 9, 0);
  assertAlmostEquals(clipDivergence(sumBins(counts), 0, 6, 2), 0, 1e-9);
});

Deno.test("clipDivergence() agrees with a slow plain version", () => {
  const random = generator(9);
  const counts = Float64Array.from({ length: 60 }, () => Math.max(0, Math.floor(9 * random() - 2)));
  for (const [start, end, levels] of [[0, 60, 8], [5, 47, 8], [20, 31, 4], [7, 8, 1]] as const) {
    const p = [...counts.subarray(start, end)];
    p[0]! += counts.subarray(0, start).reduce((a, b) => a + b, 0);
    p[p.length - 1]! += counts.subarray(end).reduce((a, b) => a + b, 0);
    const q = p.map(() => 0);
    for (let level = 0; level < levels; level++) {
      const edge = (l: number) => Math.round(l * p.length / levels);
      const bins = p.map((_, i) => i).slice(edge(level), edge(level + 1)).filter((i) => p[i]! > 0);
      const own = counts.subarray(start + edge(level), start + edge(level + 1));
      const sum = own.reduce((a, b) => a + b, 0);
      for (const i of bins) q[i] = sum / bins.length || 1e-4;
    }
    const [sumP, sumQ] = [p, q].map((values) => values.reduce((a, b) => a + b)) as [number, number];
    const expected = p.reduce((sum, x, i) => {
      return x > 0 ? sum + x / sumP * Math.log(x / sumP / (q[i]! / sumQ)) : sum;
    }, 0);
    assertAlmostEquals(clipDivergence(sumBins(counts), start, end, levels), expected, 1e-12);
  }
});

// Defects of onnxruntime's calibrators, which ours must not have. The samples: 64 x 16 values within
// [-2, 2], with one outlier of 50 in the first and one of -30 in the second.
const samples = Array.from({ length: 10 }, (_, i) => bell(1024, 500 + i));
samples[0]![0] = 50;
samples[1]![1] = -30;

Deno.test("entropy() is not min-max in disguise", () => {
  // With 128 bins for 128 levels onnxruntime has a single candidate: [-30, 50].
  const { min, max } = entropy().range(seen(...samples));
  assertEquals(min > -10 && max < 10, true, `[${min}, ${max}]`);
});

Deno.test("entropy() spends no levels on the side that a Relu has cut off", () => {
  // onnxruntime takes its levels for [-t, t], half of them for nothing, and so clips at 1.279 what
  // reaches 1.858. Here all 256 are for [0, t].
  const relu = Array.from({ length: 4 }, (_, i) => bell(1024, 600 + i).map((x) => Math.max(x, 0)));
  const { min, max } = entropy().range(seen(...relu));
  assertEquals(min, 0);
  assertEquals(max > 1.5, true, `${max}`);
});

Deno.test("percentile() clips an outlier of few samples", () => {
  // onnxruntime's 99.999 gives 49.976 of 50, and 99.99 two-sided [-30, 49.95].
  const { min, max } = percentile(99.9).range(seen(...samples));
  assertEquals(min > -3 && max < 3, true, `[${min}, ${max}]`);
});

Deno.test("statistics lose no sample, however many there are", () => {
  // With CalibMaxIntermediateOutputs=3 onnxruntime forgets nine of ten: [-1.673, 1.732].
  assertEquals(minMax().range(seen(...samples)), { min: -30, max: 50 });
});

Deno.test("statistics take samples of different lengths", () => {
  // onnxruntime fails for entropy and percentile: "inhomogeneous shape".
  const ragged = seen(samples[0]!, samples[1]!.subarray(0, 512), [], [0.5]);
  assertEquals(ragged.count, 1024 + 512 + 1);
  assertEquals(ragged.samples.count, 3);
  assertEquals(percentile(99).range(ragged).max < 3, true);
});
