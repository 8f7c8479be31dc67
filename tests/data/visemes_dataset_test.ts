import assert from "node:assert/strict";
import { visemes } from "../../lib/data/visemes.ts";
import { clip, clipInput } from "../../lib/data/visemes/clip.ts";
import { SPLITS } from "../../lib/data/visemes/splits.ts";

Deno.test("visemes() gives each clip as the network was trained to take it", async () => {
  const { test } = visemes({ test: 3 });
  const { clips } = await test.sample(2);
  const { pixels, label } = clip(SPLITS.test.start + 2);
  assert.deepEqual(clips!.dims, [1, 1, 16, 44, 44]);
  assert.deepEqual(new Float32Array(clips!.data as Float32Array), clipInput(pixels));
  assert.equal(test.labels![2], label);
  assert.ok((clips!.data as Float32Array).buffer instanceof SharedArrayBuffer);
  assert.deepEqual(await test.sample(2), { clips });
  assert.throws(() => test.sample(3), RangeError);
});

Deno.test("visemes() is balanced, and its splits have their own clips", async () => {
  const { calibration, selection, test } = visemes();
  assert.deepEqual([calibration.length, selection.length, test.length], [200, 500, 2000]);
  const counts = new Map<number, number>();
  for (const label of test.labels!) counts.set(label, (counts.get(label) ?? 0) + 1);
  assert.deepEqual([counts.size, ...new Set(counts.values())], [40, 50]);
  const first = await Promise.all([calibration, selection, test].map((split) => split.sample(0)));
  assert.notDeepEqual(first[0], first[1]);
  assert.notDeepEqual(first[1], first[2]);
});

Deno.test("visemes() hashes a split by its clips, without making them all", async () => {
  const hash = (length: number) => visemes({ test: length }).test.hash();
  assert.equal(await hash(100_000), await hash(100_000));
  assert.notEqual(await hash(100_000), await hash(99_999));
  const { selection, test } = visemes({ selection: 40, test: 40 });
  assert.notEqual(await selection.hash(), await test.hash());
});

Deno.test("visemes() refuses a split of no clips, or of more than there are", () => {
  assert.throws(() => visemes({ calibration: 0 }), {
    name: "UserError",
    message: "Cannot make the calibration split of visemes: it takes 1 to 1000000 clips, got 0",
  });
  assert.throws(() => visemes({ test: 1e6 + 1 }), /the test split of visemes/);
});
