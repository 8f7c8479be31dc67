import assert from "node:assert/strict";
import { nearestStep, nearestStepFloat32, roundEven, zeroStep } from "../../lib/tensor/round.ts";

Deno.test("roundEven() takes ties to the even integer", () => {
  assert.deepEqual([0.5, 1.5, -1.5, 2.5, 0.49, -2.51].map(roundEven), [0, 2, -2, 2, 0, -3]);
});

Deno.test("nearestStep() and nearestStepFloat32() part where float32 makes a tie", () => {
  const x = 2.5 + 2 ** -30; // in float32 that is 2.5
  assert.equal(nearestStep(x, 1), 3);
  assert.equal(nearestStepFloat32(x, 1), 2);
  assert.equal(nearestStep(-3, 2), -2);
  assert.equal(nearestStepFloat32(-3, 2), -2);
});

Deno.test("zeroStep() stays on the grid, and is never -0", () => {
  const int8 = { qmin: -127, qmax: 127 };
  assert.equal(zeroStep(-1, 1 / 127, int8), 0);
  assert.equal(zeroStep(0, 1, int8), -127);
  assert.equal(zeroStep(-1000, 1, int8), 127);
  assert.ok(Object.is(zeroStep(0, 1, { qmin: 0, qmax: 255 }), 0));
  assert.ok(Object.is(zeroStep(-127, 1, int8), 0));
});
