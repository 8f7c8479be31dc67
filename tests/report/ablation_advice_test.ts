import assert from "node:assert/strict";
import { ruleFor, shareOfError, whyLayer } from "../../lib/report/ablation_advice.ts";
import { ablationOf, sqnrAblation } from "./ablation_fixture.ts";

Deno.test("shareOfError() is a layer's power of the errors of all", () => {
  // 10^-3.82 and 10^-2.46; the third is equal to the bit.
  const record = ablationOf();
  const shares = record.layers.map((layer) => shareOfError(layer, record)!);
  assert.ok(Math.abs(shares[0]! - 0.0418) < 1e-3, `${shares}`);
  assert.equal(shares[2], 0);
  assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 1e-12);
});

Deno.test("whyLayer() has a word for each layer, and a rule where one is worth it", () => {
  const record = ablationOf();
  assert.deepEqual(record.layers.map((layer) => whyLayer(layer, record)), [
    "brings 4.2 % of the error",
    "brings 95.8 % of the error; outliers take its range; try another observer; rule: " +
    '["conv2", "float32"], which gains 14.8 dB',
    "changes nothing",
  ]);
});

Deno.test("whyLayer() tells weights from activations where both were measured", () => {
  const record = ablationOf();
  const [conv1] = record.layers;
  const dB = (value: number) => ({
    ...conv1!.only!,
    sqnr: { value, low: value, high: value, n: 4 },
  });
  const of = (weights: number, activations: number) =>
    whyLayer({ ...conv1!, weights: dB(weights), activations: dB(activations) }, record);
  assert.match(of(30, 40), /most of it by its weights: try per-channel-mse/);
  assert.match(of(40, 30), /most of it by its activations: try another observer/);
  assert.match(of(40, 41), /by weights and activations alike/);
});

Deno.test("ruleFor() is a rule as a config has it, with the path or else the node", () => {
  assert.equal(ruleFor({ path: "", name: '/a"b/Conv' }), '["/a\\"b/Conv", "float32"]');
});

Deno.test("whyLayer() advises no rule that gains nothing, though any int8 loses SQNR", () => {
  const record = sqnrAblation(); // all int8: 21.3 dB; all but each: 22, 36.1, 21.4
  assert.deepEqual(record.layers.map((layer) => whyLayer(layer, record).includes("rule:")), [
    ...[false, true, false],
  ]);
  const [, conv2] = record.layers;
  const changed = (dB: number, low: number) => ({
    ...conv2!.allBut!,
    sqnr: { value: 21.3 + dB, low: 20, high: 40, n: 400 },
    difference: { value: dB, low, high: dB + 1, n: 400 },
  });
  const advice = (dB: number, low: number) =>
    whyLayer({ ...conv2!, allBut: changed(dB, low) }, record);
  assert.doesNotMatch(advice(-3.8, -4.8), /rule/);
  assert.doesNotMatch(advice(2, -0.5), /rule/); // may be chance
  assert.match(advice(2, 0.5), /rule: \["conv2", "float32"\], which gains 2\.0 dB/);
  assert.doesNotMatch(whyLayer({ ...conv2!, allBut: undefined }, record), /rule/);
});

Deno.test("whyLayer() advises a rule by what a metric of classes gains, never by what it loses", () => {
  const record = ablationOf();
  const [, conv2] = record.layers;
  const advice = (points: number, dB: number) => {
    const difference = { value: points, low: points - 0.4, high: points + 0.4, n: 400 };
    const sqnr = { value: 21.3 + dB, low: 20, high: 40, n: 400 };
    return whyLayer({ ...conv2!, allBut: { ...conv2!.allBut!, difference, sqnr } }, record);
  };
  assert.doesNotMatch(advice(-1, 4), /rule/);
  assert.doesNotMatch(advice(0, -3.8), /rule/); // though it loses significantly alone
  assert.match(advice(1, -0.5), /rule: \["conv2", "float32"\]$/);
});
