import { assertEquals } from "@std/assert";
import { largestMagnitude, leastErrorClip } from "../../lib/quantize/weight_clip.ts";
import { quantizeWeights } from "../../lib/quantize/weights.ts";
import { normal } from "../random.ts";

Deno.test("leastErrorClip() never makes a larger error than the largest magnitude", () => {
  for (const exponent of [1, 2, 3, 5]) {
    const weights = normal(2000, exponent).map((x) => Math.sign(x) * Math.abs(x) ** exponent);
    const [mse, absmax] = [leastErrorClip, largestMagnitude].map((clip) =>
      squaredError(weights, clip)
    ) as [number, number];
    assertEquals(mse <= absmax, true);
    if (exponent === 2) assertEquals(mse < 0.995 * absmax, true, `${mse} of ${absmax}`);
  }
});

Deno.test("leastErrorClip() is the best of a fine grid, to a quarter of a percent", () => {
  const weights = normal(1000, 7).map((x) => x * Math.abs(x));
  const reach = largestMagnitude(weights);
  const errors = Array.from(
    { length: 701 },
    (_, i) => squaredError(weights, () => reach * (1 - i / 1000)),
  );
  const least = Math.min(...errors);
  assertEquals(squaredError(weights, leastErrorClip) <= 1.03 * least, true);
});

Deno.test("leastErrorClip() keeps weights that are integers already, zeros and nothing at all", () => {
  assertEquals(leastErrorClip(Float32Array.from({ length: 255 }, (_, i) => i - 127)), 127);
  assertEquals(leastErrorClip(new Float32Array(4)), 0);
  assertEquals(leastErrorClip(new Float32Array(0)), 0);
});

Deno.test("quantizeWeights() clips each channel by itself", () => {
  const weights = Float32Array.of(127, 1, 20, 2);
  const clip = ([first]: Float32Array) => first!;
  const { values, scales } = quantizeWeights(weights, [2, 2], [1], { clip });
  assertEquals([...scales], [1, Math.fround(1 / 127)]);
  assertEquals([...values], [127, 127, 20, 127]); // 2 is clipped to 1
});

/** What rounding to int8 with one scale really does to the weights. */
function squaredError(weights: Float32Array, clip: (weights: Float32Array) => number): number {
  const { values, scales } = quantizeWeights(weights, [weights.length], [], { clip });
  return weights.reduce((sum, w, i) => sum + (w - scales[0]! * values[i]!) ** 2, 0);
}
