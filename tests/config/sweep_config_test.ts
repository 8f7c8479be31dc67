import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { parseSweepConfig } from "../../lib/config/parse_sweep_config.ts";
import { productsOf } from "../../lib/config/sweep_config.ts";
import { defaultQConfigMapping } from "../../lib/quantize/presets.ts";
import { parseShared } from "../../lib/config/any_config.ts";
import { parseQuantizeConfig } from "../../lib/config/quantize_config.ts";

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
    observers: ["lp-norm"],
    percentiles: [99.99],
    powers: [2.4],
    bins: [4096],
    calibrationSizes: ["all"],
    weights: ["per-channel"],
    corrections: ["none"],
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

Deno.test("parseSweepConfig() names the nearest observer, and a size that is none", () => {
  wrong(
    '{\n"observers": ["entropi"] }',
    /line 2: observers\[0\]: expected one of min-max, .*; did you mean "entropy"\?/,
  );
  wrong('{ "observers": ["mse"], "bins": [5000] }', /bins\[0\]: expected at most 4096, got 5000/);
  wrong('{ "calibrationSizes": [0] }', /calibrationSizes\[0\]: expected at least 1, got 0/);
  wrong(
    '{ "corrections": ["equalise"] }',
    /corrections\[0\]: expected one of none, equalize, .*; did you mean "equalize"/,
  );
  wrong(
    '{ "corrections": ["none", ["bias", "equalise"]] }',
    /corrections\[1\]\[1\]: expected one of equalize, .*; did you mean "equalize"/,
  );
  wrong('{ "calibrationSizes": ["whole"] }', /calibrationSizes\[0\]: expected .*all/);
});

Deno.test("parseSweepConfig() refuses parameters that make no difference", () => {
  wrong(
    '{ "observers": ["min-max", "mse"], "percentiles": [99] }',
    /"percentiles" has no effect on the observers min-max, mse; add "percentile"/,
  );
  wrong(
    '{ "more": [{ "observers": ["min-max"], "bins": [64] }] }',
    /"bins" has no effect on the observers min-max; add "percentile" or "lp-norm"/,
  );
});

Deno.test("percentiles that were meant as shares are told as per cent", () => {
  wrong(
    '{ "percentiles": [0.999] }',
    /line 1: percentiles\[0\]: expected above 50, got 0\.999; in per cent: 99\.9\?$/,
  );
  wrong('{ "percentiles": [0] }', /percentiles\[0\]: expected above 50, got 0$/);
});

Deno.test("a config of one command says so where another one reads it", () => {
  wrong(
    '{ "default": "static" }',
    /line 1: key "default" is of quantize's form; put it under mappings: \{ "mappings": \{ "mine"/,
  );
  assert.throws(
    () => parseQuantizeConfig('{ "placements": ["mixed"] }'),
    /key "placements" is of sweep's form, which measures many; quantize takes one: default and/,
  );
  for (const text of ['{ "default": "static" }', '{ "placements": ["mixed"], "seed": 1 }', "{}"]) {
    assert.deepEqual(parseShared(text).data, undefined);
  }
  assert.throws(() => parseShared('{ "placement": 1 }'), /did you mean "placements"\?/);
});

Deno.test("parseQuantizeConfig() takes a config without any key, and one of data alone", () => {
  const wasm = JSON.stringify(defaultQConfigMapping("wasm"));
  for (
    const text of ["{}", '{ "data": { "lengths": 5 } }', '{ "$schema": "config.schema.json" }']
  ) {
    const { mapping, says, corrections } = parseQuantizeConfig(text);
    assert.deepEqual([JSON.stringify(mapping), says, corrections], [wasm, false, []]);
  }
  for (const text of ['{ "default": "static" }', '{ "corrections": ["bias"] }']) {
    assert.equal(parseQuantizeConfig(text).says, true);
  }
  assert.throws(
    () => parseQuantizeConfig('{ "observer": "entropy" }', "q.jsonc"),
    /"observer" has no effect on "wasm", which says itself what it takes; add "default": "static"/,
  );
});

Deno.test("sizes in a config that no memory holds are refused before anything is read", () => {
  const refuse = (data: string, message: RegExp) =>
    assert.throws(() => parseShared(`{ "data": ${data} }`), message);
  refuse(
    '{ "images": { "resize": 1000000000 } }',
    /resize: expected at most 16384, got 1000000000$/,
  );
  refuse('{ "images": { "crop": [8, 99999] } }', /crop\[1\]: expected at most 16384, got 99999$/);
  refuse(
    '{ "images": { "resize": {} } }',
    /resize: expected a number of pixels, or two: .*, got \{\}$/,
  );
  refuse(
    '{ "wav": { "length": 4, "before": 9007199254740992 } }',
    /before: expected at most 1000000, got 9007199254740992$/,
  );
});

Deno.test("parseQuantizeConfig() takes an observer by name or by a parameter of its own", () => {
  const activation = (text: string) => {
    const { default: qconfig } = parseQuantizeConfig(text).mapping;
    return qconfig.kind === "static" ? qconfig.activation.name : qconfig.kind;
  };
  assert.equal(activation('{ "default": "static" }'), staticInt8().activation.name);
  assert.equal(activation('{ "default": "static", "percentile": 99.9 }'), "percentile 99.9");
  assert.equal(activation('{ "default": "static", "power": 3 }'), "lp-norm 3");
  const entropy = '{ "default": { "kind": "static", "observer": "entropy", "bins": 512 } }';
  assert.equal(activation(entropy), "entropy of 512 bins");
  assert.throws(
    () => activation('{ "default": "static", "observer": "min-max", "percentile": 99.9 }'),
    /Cannot use "percentile": 99.9 with the observer "min-max"/,
  );
});
