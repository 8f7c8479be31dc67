import assert from "node:assert/strict";
import type { Observer } from "../../lib/calibrate/observers.ts";
import { addValues, emptyStatistics } from "../../lib/calibrate/statistics.ts";
import { observersWorthTrying } from "../../lib/calibrate/worth_trying.ts";

/** An observer that keeps [0, max] whatever it saw. */
const upTo = (max: number): Observer => ({ name: `up to ${max}`, range: () => ({ min: 0, max }) });

/** 10,000 values spread evenly over [0, 1]. */
const seen = addValues(emptyStatistics(), Float32Array.from({ length: 10_000 }, (_, i) => i / 1e4));

const namesOf = (...observers: readonly Observer[]) =>
  observersWorthTrying(seen, observers).map(({ observer }) => observer.name);

Deno.test("observersWorthTrying() leaves out a range within 2 % of one before", () => {
  assert.deepEqual(namesOf(upTo(1), upTo(1.015), upTo(1.1), upTo(1.11)), ["up to 1.1"]);
});

Deno.test("observersWorthTrying() leaves out what makes four times the error at the tensor", () => {
  // Errors grow with the square of the range: 1.9 squared is 3.6, 2.1 squared 4.4.
  assert.deepEqual(namesOf(upTo(1), upTo(1.9), upTo(2.1)), ["up to 1.9"]);
  assert.deepEqual(namesOf(upTo(1), upTo(0.5)), [], "half of the values clipped");
});

Deno.test("observersWorthTrying() gives the ranges, in the order of the observers", () => {
  const found = observersWorthTrying(seen, [upTo(1.5), upTo(1.2), upTo(1)]);
  assert.deepEqual(found.map(({ range }) => range), [{ min: 0, max: 1.2 }, { min: 0, max: 1 }]);
});

Deno.test("observersWorthTrying() has nothing to say of one observer, or none", () => {
  assert.deepEqual(namesOf(upTo(1)), []);
  assert.deepEqual(namesOf(), []);
});
