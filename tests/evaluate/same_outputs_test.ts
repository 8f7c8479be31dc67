import assert from "node:assert/strict";
import { sameOutputsNote } from "../../lib/evaluate/same_outputs.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

const give = (count: number, value: (i: number) => number) =>
  Array.from(
    { length: count },
    (_, i) => ({ a: float32([2], [1, 3]), b: float32([], [value(i)]) }),
  );

Deno.test("sameOutputsNote() says that float32 answers all samples alike, and is silent else", () => {
  assert.match(
    sameOutputsNote(give(5, () => 0))!,
    /for all 5 samples: "a" does not change, "b" is 0 throughout\. /,
  );
  assert.equal(sameOutputsNote(give(5, (i) => i === 4 ? 1 : 0)), undefined);
  assert.equal(sameOutputsNote(give(4, () => 0)), undefined); // too few to tell
  assert.equal(sameOutputsNote([]), undefined);
});
