import assert from "node:assert/strict";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { resolutionNote, samplesNeeded } from "../../lib/evaluate/resolution.ts";

Deno.test("samplesNeeded() is where the interval of no change ends at the drop: z² (1 - d) / d", () => {
  // z² = 3.8415: 3.8415 * 0.995 / 0.005 = 764.5, and 3.8415 * 99 = 380.3.
  assert.equal(samplesNeeded(0.5), 765);
  assert.equal(samplesNeeded(1), 381);
});

Deno.test("resolutionNote() says what too few samples still leave open, and how many it takes", () => {
  // 3.8415 / (400 + 3.8415) = 0.95 %.
  assert.equal(
    resolutionNote(infoOf(top1()), 0.5, { selection: 400 }),
    "400 selection samples are too few to show a drop of at most 0.5 points: with no change at all " +
      "the 95 % interval still reaches 0.95. Use 765 or more.",
  );
  assert.match(
    resolutionNote(infoOf(top1()), 0.5, { selection: 400, test: 800 })!,
    /^400 selection samples are/,
  );
  assert.match(
    resolutionNote(infoOf(top1()), 0.5, { selection: 400, test: 500 })!,
    /^400 selection and 500 test samples are .* reaches 0\.95\./,
  );
});

Deno.test("resolutionNote() is silent where samples suffice, for no drop at all, and of no share", () => {
  assert.equal(resolutionNote(infoOf(top1()), 0.5, { test: 765 }), undefined);
  assert.equal(resolutionNote(infoOf(top1()), 0, { test: 5 }), undefined);
  assert.equal(resolutionNote(infoOf(sqnr()), 120, { test: 5 }), undefined);
});
