import { assertEquals } from "@std/assert";
import {
  BINS,
  coarsen,
  countInto,
  emptyHistogram,
  type Histogram,
} from "../../lib/calibrate/histogram.ts";
import { generator, normal } from "../random.ts";

function count(...batches: readonly (readonly number[])[]): Histogram {
  return batches.reduce((histogram, batch) => {
    const values = Float32Array.from(batch);
    return countInto(histogram, values, Math.min(...values), Math.max(...values));
  }, emptyHistogram());
}

function total({ counts }: Histogram): number {
  return counts.reduce((a, b) => a + b, 0);
}

Deno.test("countInto() puts a value on a bin's edge into the bin that starts there", () => {
  const histogram = count([0, 1, 2, 4095]);
  assertEquals(histogram.width, 1);
  assertEquals([...histogram.counts.slice(0, 4)], [1, 1, 1, 0]);
});

Deno.test("countInto() doubles the width and adds bins in pairs when the range outgrows them", () => {
  const histogram = count([0, 1, 2, 4095], [4096]);
  assertEquals(histogram.width, 2);
  assertEquals([...histogram.counts.slice(0, 3)], [2, 1, 0]);
  assertEquals([...histogram.counts.slice(-2)], [1, 1]);
});

Deno.test("countInto() keeps every count through any growth", () => {
  const random = generator(1);
  const batches = Array.from(
    { length: 20 },
    (_, i) => Array.from({ length: 50 }, () => (random() - 0.4) * 1.7 ** i),
  );
  const histogram = count(...batches);
  assertEquals(total(histogram), 1000);
  assertEquals(histogram.counts.length <= BINS, true);
});

Deno.test("countInto() gives the same histogram in whichever order the values come", () => {
  const random = generator(2);
  const batches = Array.from(
    { length: 12 },
    (_, i) => Array.from({ length: 30 }, () => (random() - 0.5) * 3 ** i),
  );
  assertEquals(count(...batches.toReversed()), count(...batches));
  assertEquals(count(batches.flat()), count(...batches));
});

Deno.test("countInto() holds a tensor of one value in one bin", () => {
  assertEquals([...count([0, 0, 0]).counts], [3]);
  assertEquals([...count([-7.25]).counts], [1]);
});

Deno.test("coarsen() keeps every count, and the edge at 0", () => {
  const values = normal(5000, 3);
  const histogram = countInto(emptyHistogram(), values, Math.min(...values), Math.max(...values));
  for (const bins of [2, 16, 100, 4096]) {
    const coarse = coarsen(histogram, bins);
    assertEquals(coarse.counts.length <= bins, true);
    assertEquals(coarse.counts.reduce((sum, count) => sum + count), 5000);
    const below = coarse.counts.slice(0, -coarse.first).reduce((sum, count) => sum + count);
    assertEquals(below, values.filter((x) => x < 0).length);
  }
  assertEquals(coarsen(histogram, 4096), histogram);
});
