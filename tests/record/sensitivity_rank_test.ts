import assert from "node:assert/strict";
import { mostSensitive, provenLoss } from "../../lib/record/sensitivity_rank.ts";

/** An effect by the interval of its difference, and the SQNR of the outputs. */
const effect = (low: number, value: number, high: number, dB: number) => ({
  ...{ run: 8, samples: 8 },
  difference: { low, value, high, n: 8 },
  sqnr: { value: dB, low: dB, high: dB, n: 8 },
});

const HIGHER = { higherIsBetter: true };

Deno.test("provenLoss() is what is lost where the whole interval is a loss, and 0 elsewhere", () => {
  assert.equal(provenLoss(effect(-3, -2, -1, 40), HIGHER), 2);
  assert.equal(provenLoss(effect(-3, -1, 0, 40), HIGHER), 0, "no change is not excluded");
  assert.equal(provenLoss(effect(1, 2, 3, 40), HIGHER), 0, "a gain");
  assert.equal(provenLoss(undefined, HIGHER), 0);
});

Deno.test("provenLoss() is a rise where lower is better", () => {
  assert.equal(provenLoss(effect(1, 2, 3, 40), { higherIsBetter: false }), 2);
  assert.equal(provenLoss(effect(-3, -2, -1, 40), { higherIsBetter: false }), 0);
});

Deno.test("mostSensitive() puts significant losses first, then errors of the outputs, then the unknown", () => {
  const layers = [
    { name: "unknown" },
    { name: "little error", only: effect(-1, 0, 1, 60) },
    { name: "small loss", only: effect(-3, -2, -1, 50) },
    { name: "much error", only: effect(-9, -4, 1, 20) },
    { name: "large loss", only: effect(-7, -6, -5, 55) },
  ];
  const order = mostSensitive(layers, HIGHER).map(({ name }) => name);
  assert.deepEqual(order, ["large loss", "small loss", "much error", "little error", "unknown"]);
});
