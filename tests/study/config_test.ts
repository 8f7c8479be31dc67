import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { parseSweepConfig, productsOf } from "../../lib/study/config.ts";

const wrong = (text: string, message: RegExp) =>
  assert.throws(() => parseSweepConfig(text, "sweep.jsonc"), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, message);
    return true;
  });

Deno.test("parseSweepConfig() has a default for everything", () => {
  const config = parseSweepConfig("{}");
  assert.deepEqual(config, { mappings: {} });
  const [first, ...around] = productsOf(config);
  assert.deepEqual(first, {
    placements: ["float32", "cnn-static", "rnn-dynamic", "mixed", "compact", "all"],
    observers: ["min-max"],
    percentiles: [99.99],
    weights: ["per-channel"],
    rewrites: ["fused"],
  });
  assert.ok(around.length > 0);
});

Deno.test("productsOf() adds nothing of its own to what a config chooses", () => {
  const products = productsOf(parseSweepConfig('{ "weights": ["per-tensor"] }'));
  assert.deepEqual(products.map(({ weights }) => weights), [["per-tensor"]]);
  const text = '{ "more": [{ "placements": ["all"] }] }';
  const more = productsOf(parseSweepConfig(text));
  assert.deepEqual(more.map(({ placements }) => placements.length), [6, 1]);
});

Deno.test("parseSweepConfig() names the nearest placement, own ones included", () => {
  wrong(
    '{ "placements": ["cnn-statik"] }',
    /unknown placement "cnn-statik"; did you mean "cnn-static"/,
  );
  wrong(
    '{ "placements": ["no-frnt"], "mappings": { "no-front": { "default": "static" } } }',
    /did you mean "no-front"/,
  );
});

Deno.test("parseSweepConfig() refuses a mapping with the name of a placement", () => {
  wrong(
    '{ "mappings": { "mixed": { "default": "static" } } }',
    /"mixed" has the name of a built-in placement/,
  );
});

Deno.test("parseSweepConfig() refuses a percentile that keeps nothing", () => {
  wrong('{ "percentiles": [0.999] }', /percentiles\[0\]: expected above 50, got 0.999/);
});
