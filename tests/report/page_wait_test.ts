import assert from "node:assert/strict";
import type { ColdStartRecord } from "../../lib/record/cold_start.ts";
import { coldStartNote } from "../../lib/report/page_wait.ts";

const same = { baseline: 1, candidate: 1, ratio: { value: 1, low: 1, high: 1, n: 1 } };
const record = (rounds: number): ColdStartRecord => ({
  ...{ rounds, clock: "thread", create: same, first: same, heap: same },
});

Deno.test("coldStartNote() says where rounds are too few for an interval of 95 %", () => {
  const started =
    "per model, in turns, one thread, time of the thread; the runtime itself had started before.";
  assert.equal(coldStartNote(record(6)), `Cold start: 6 fresh workers ${started}`);
  assert.equal(
    coldStartNote(record(1)),
    `Cold start: 1 fresh worker ${started} So few give no 95 %: its intervals hold all of them.`,
  );
});
