import { assertEquals } from "@std/assert";
import { biasScaleFloor, quantizeBias, quantizeWeights } from "../../lib/quantize/weights.ts";
import { normal } from "../random.ts";

Deno.test("quantizeWeights() with one scale uses the largest magnitude of all", () => {
  const { values, scales, scaleDims } = quantizeWeights(
    Float32Array.of(1, -127, 0.5, 1.5),
    [4],
    [],
  );
  assertEquals([...values], [1, -127, 0, 2]);
  assertEquals([...scales], [1]);
  assertEquals(scaleDims, []);
});

Deno.test("quantizeWeights() scales each index of two axes alone", () => {
  const weights = Float32Array.of(127, 1, 254, 2, 1270, 10, 0, 0);
  const { values, scales, scaleDims } = quantizeWeights(weights, [2, 2, 2], [0, 1]);
  assertEquals([...scales], [1, 2, 10, 1]);
  assertEquals(scaleDims, [2, 2, 1]);
  assertEquals([...values], [127, 1, 127, 1, 127, 1, 0, 0]);
});

Deno.test("quantizeWeights() along the last axis agrees with a slow plain version", () => {
  const [rows, columns] = [5, 3];
  const weights = normal(rows * columns, 1);
  const { values, scales } = quantizeWeights(weights, [rows, columns], [1]);
  for (let c = 0; c < columns; c++) {
    const column = Array.from({ length: rows }, (_, r) => weights[r * columns + c]!);
    const scale = Math.fround(Math.max(...column.map(Math.abs)) / 127);
    assertEquals(scales[c], scale);
    column.forEach((w, r) =>
      assertEquals(Math.abs(values[r * columns + c]! - w / scale) <= 0.5, true)
    );
  }
});

Deno.test("quantizeWeights() along an inner axis scales each index of it alone", () => {
  const weights = Float32Array.of(127, 1, 254, 2, 12.7, 0.1, 0, 0); // [2, 2, 2]
  const { values, scales } = quantizeWeights(weights, [2, 2, 2], [1]);
  assertEquals([...scales], [1, 2]);
  assertEquals([...values], [127, 1, 127, 1, 13, 0, 0, 0]);
});

Deno.test("quantizeWeights() with an affine scheme spreads uint8 from the smallest to the largest", () => {
  const { type, values, scales, zeroPoints } = quantizeWeights(
    Float32Array.of(-1, 0, 254, 0.5),
    [4],
    [],
    { scheme: "affine" },
  );
  assertEquals([type, [...scales], [...zeroPoints]], ["uint8", [1], [1]]);
  assertEquals([...values], [0, 1, 255, 1]);
});

Deno.test("quantizeWeights() raises the scale of affine weights to the least one", () => {
  const { scales, zeroPoints, values } = quantizeWeights(
    Float32Array.of(-10, 20),
    [2],
    [],
    { scheme: "affine", leastScale: Float32Array.of(2) },
  );
  assertEquals([[...scales], [...zeroPoints], [...values]], [[2], [5], [0, 15]]);
});

Deno.test("quantizeWeights() takes weights that are not there", () => {
  for (const axes of [[], [0], [1]]) {
    assertEquals(quantizeWeights(new Float32Array(0), [0, 3], axes).values.length, 0);
  }
});

Deno.test("quantizeBias() has the scale of the products", () => {
  const { values, scales } = quantizeBias(Float32Array.of(1, -3), 0.5, Float32Array.of(1, 2));
  assertEquals([...values], [2, -3]);
  assertEquals([...scales], [0.5, 1]);
});

Deno.test("biasScaleFloor() keeps a large bias beside tiny weights inside int32", () => {
  const bias = Float32Array.of(1000);
  const floor = biasScaleFloor(bias, 1e-3);
  const { scales } = quantizeWeights(Float32Array.of(1e-9), [1, 1], [0], { leastScale: floor });
  const { values } = quantizeBias(bias, 1e-3, scales);
  assertEquals(Math.abs(values[0]! - 2 ** 30) < 2 ** 8, true);
});

Deno.test("quantizeWeights() that is sparing has a scale for each channel only where that pays", () => {
  const scalesOf = (largest: readonly number[], length: number) => {
    const weights = Float32Array.from(
      largest.flatMap((max) => Array.from({ length }, (_, i) => i ? 0 : max)),
    );
    return quantizeWeights(weights, [largest.length, length], [0], { sparing: true });
  };
  // 32 bits for 64 weights are half a bit, so that 4.5 dB would be worth them, and for 128 weights 2.3 dB.
  // 127 to 63.5 are 6 dB, and 127 to 31.75 are 12 dB: in the mean over both channels 3 dB and 6 dB.
  assertEquals([...scalesOf([127, 63.5], 64).scales], [1]);
  assertEquals(scalesOf([127, 63.5], 64).scaleDims, []);
  assertEquals([...scalesOf([127, 31.75], 64).scales], [1, 0.25]);
  assertEquals([...scalesOf([127, 63.5], 128).scales], [1, 0.5]);
  // For 19 weights they would have to gain 15 dB; from 9 dB on nobody asks. Here they gain 12 dB and 6 dB.
  assertEquals([...scalesOf([127, 127 / 16], 19).scales], [1, 0.0625]);
  assertEquals([...scalesOf([127, 127 / 4], 19).scales], [1]);
  // A row of zeros says nothing.
  assertEquals([...scalesOf([127, 127, 0], 1024).scales], [1]);
});
