import assert from "node:assert/strict";
import { isFaster, isSlower } from "../../lib/record/best.ts";
import { isSettled, unsettledNote } from "../../lib/record/settled.ts";

const ratio = (value: number, low: number, high: number) => ({ value, low, high, n: 15 });

Deno.test("isSettled() takes a ratio that is known to a factor of two, wherever it lies", () => {
  for (const [low, high] of [[0.44, 0.46], [0.5, 1], [1.02, 1.9], [12, 24]] as const) {
    assert.ok(isSettled({ low, high }), `${low} ${high}`);
  }
  for (
    const [low, high] of [[0.07, 0.91], [0.5, 1.01], [0.08, 43.29], [1.14, 5.98], [0, 0.1]] as const
  ) {
    assert.ok(!isSettled({ low, high }), `${low} ${high}`);
  }
});

Deno.test("nothing is faster or slower by an interval that is not settled", () => {
  const of = (value: number, low: number, high: number) => {
    const latency = { ratio: ratio(value, low, high) };
    return [isFaster({ latency }), isSlower({ latency })];
  };
  assert.deepEqual(of(0.6, 0.55, 0.65), [true, false]);
  assert.deepEqual(of(1.5, 1.2, 1.9), [false, true]);
  assert.deepEqual(of(0.4, 0.07, 0.91), [false, false]);
  assert.deepEqual(of(1.99, 1.14, 5.98), [false, false]);
});

Deno.test("unsettledNote() names the load where there was more to do than there are cores", () => {
  const wide = ratio(27.6, 0.08, 43.29);
  const narrow = ratio(0.6, 0.59, 0.61);
  const load = (average: number) => ({ average, cores: 2 });
  assert.equal(unsettledNote([{ ratio: narrow, load: load(17) }]), undefined);
  assert.equal(
    unsettledNote([{ ratio: wide, load: load(9) }, { ratio: wide, load: load(16.8) }]),
    "The machine is busy (load 17 on 2 cores): times mean nothing yet.",
  );
  // The load is what this process makes itself, or is not known.
  for (const quiet of [load(2.2), undefined]) {
    assert.equal(
      unsettledNote([{ ratio: narrow, load: load(17) }, { ratio: wide, load: quiet }]),
      "The time of the same run changed by more than a factor of two while it was measured: times " +
        "mean nothing yet.",
    );
  }
});
