import assert from "node:assert/strict";
import { kernelTimesNote } from "../../lib/record/kernel_times_record.ts";

const at = "2026-03-05T12:00:00.000Z";
const record = { path: "~/times.json", measured: 0, disturbed: 0, taken: 4, at, newest: at };

Deno.test("kernelTimesNote() tells the age of the oldest time it took, as roughly as matters", () => {
  const ages = [
    ["2026-03-05T11:30:00.000Z", "less than an hour old"],
    ["2026-03-05T10:30:00.000Z", "up to an hour old"],
    ["2026-03-04T02:00:00.000Z", "up to 34 hours old"],
    ["2026-02-03T12:00:00.000Z", "up to 30 days old"],
  ];
  for (const [oldest, age] of ages) {
    assert.equal(
      kernelTimesNote({ ...record, oldest: oldest! }),
      `Kernel times: 4 from ~/times.json, ${age}; --fresh measures them again.`,
    );
  }
});

Deno.test("kernelTimesNote() says what a busy machine kept from being kept", () => {
  const busy = { measured: 5, disturbed: 2, taken: 0, at };
  assert.equal(
    kernelTimesNote({ path: "~/times.json", ...busy }),
    "Kernel times: 5 measured 2026-03-05 12:00 UTC (2 of them on a machine that was busy or drifted: not kept), " +
      "kept in ~/times.json.",
  );
  assert.equal(
    kernelTimesNote({ path: "~/times.json", problem: "Permission denied", ...busy, disturbed: 0 }),
    "Kernel times: 5 measured 2026-03-05 12:00 UTC, not kept: Permission denied.",
  );
  assert.equal(kernelTimesNote(busy), "Kernel times: 5 measured 2026-03-05 12:00 UTC."); // nobody keeps any
});
