import assert from "node:assert/strict";
import { lengthsOf } from "../../../scripts/cli/at_lengths.ts";

Deno.test("lengthsOf() reads lengths with commas, and refuses what is none", () => {
  assert.deepEqual(lengthsOf("16,128, 512"), [16, 128, 512]);
  assert.equal(lengthsOf(undefined), undefined);
  for (const wrong of ["", "16;128", "0", "16,-1", "1.5", "16,"]) {
    assert.throws(
      () => lengthsOf(wrong),
      /--at-lengths takes whole numbers from 1, such as 16,128,512/,
    );
  }
});
