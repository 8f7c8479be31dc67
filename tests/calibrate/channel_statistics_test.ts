import { assertEquals, assertThrows } from "@std/assert";
import { addChannels, type ChannelStatistics } from "../../lib/calibrate/channel_statistics.ts";
import { normal } from "../random.ts";

Deno.test("addChannels() agrees with a slow plain version, along any axis", () => {
  const dims = [2, 3, 4];
  const batches = [normal(24, 1), normal(24, 2)];
  for (const axis of [0, 1, 2, -1]) {
    const at = axis < 0 ? axis + 3 : axis;
    const expected = Array.from({ length: dims[at]! }, (): number[] => []);
    for (const values of batches) {
      values.forEach((x, i) => {
        const index = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
        expected[index[at]!]!.push(x);
      });
    }
    const seen = batches.reduce<ChannelStatistics | undefined>(
      (statistics, values) => addChannels(statistics, values, { dims, axis }),
      undefined,
    )!;
    assertEquals([...seen.min], expected.map((values) => Math.min(...values)));
    assertEquals([...seen.max], expected.map((values) => Math.max(...values)));
    assertEquals([...seen.sum], expected.map((values) => values.reduce((a, b) => a + b, 0)));
    assertEquals(seen.count, expected[0]!.length);
  }
});

Deno.test("addChannels() takes batches of different lengths, but not of different channels", () => {
  const first = addChannels(undefined, Float32Array.of(1, 2, 3, 4), { dims: [1, 2, 2], axis: 1 });
  const both = addChannels(first, Float32Array.of(5, -6), { dims: [1, 2, 1], axis: 1 });
  assertEquals([both.count, ...both.min, ...both.max], [3, 1, -6, 5, 4]);
  const three = { dims: [1, 3], axis: 1 };
  assertThrows(() => addChannels(both, Float32Array.of(1, 2, 3), three), RangeError, "3 channels");
  assertThrows(() => addChannels(both, Float32Array.of(1), { dims: [1], axis: 1 }), RangeError);
});
