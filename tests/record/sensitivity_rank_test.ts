import assert from "node:assert/strict";
import type { Effect } from "../../lib/record/ablation_record.ts";
import { mostSensitive, provenLoss } from "../../lib/record/sensitivity_rank.ts";

const higher = { higherIsBetter: true };

function effectOf(value: number, half: number, dB?: number): Effect {
  const around = (value: number, half: number) => ({
    ...{ value, low: value - half, high: value + half, n: 100 },
  });
  return {
    run: 100,
    samples: 100,
    difference: around(value, half),
    ...(dB !== undefined && { sqnr: around(dB, 1) }),
  };
}

Deno.test("provenLoss() is a loss only if its whole interval is one", () => {
  assert.equal(provenLoss(effectOf(-2, 1), higher), 2);
  assert.equal(provenLoss(effectOf(-2, 2), higher), 0);
  assert.equal(provenLoss(effectOf(2, 1), higher), 0);
  assert.equal(provenLoss(effectOf(2, 1), { higherIsBetter: false }), 2);
  assert.equal(provenLoss(undefined, higher), 0);
});

Deno.test("mostSensitive() ranks proven losses first, then by the error of the outputs", () => {
  const layers = [
    { name: "clean", only: effectOf(0, 1, 40) },
    { name: "loses 1", only: effectOf(-1, 0.5, 35) },
    { name: "not measured" },
    { name: "noisy", only: effectOf(-3, 5, 20) },
    { name: "loses 2", only: effectOf(-2, 0.5, 50) },
  ];
  assert.deepEqual(mostSensitive(layers, higher).map(({ name }) => name), [
    "loses 2",
    "loses 1",
    "noisy",
    "clean",
    "not measured",
  ]);
});
