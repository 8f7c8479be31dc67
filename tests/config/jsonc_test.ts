import assert from "node:assert/strict";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { readJsonc } from "../../lib/config/jsonc.ts";

const schema = z.strictObject({
  observers: z.array(z.literal(["min-max", "percentile"])).min(1).optional(),
  samples: z.int().min(1).max(10).optional(),
  layers: z.record(
    z.string(),
    z.union([z.literal(["float32", "static"]), z.strictObject({ kind: z.string() })], {
      error: 'expected "float32", "static" or an object',
    }),
  ).optional(),
});

const wrong = (text: string, message: string) =>
  assert.throws(() => readJsonc(text, schema, "a.jsonc"), (error) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.message, `Cannot read a.jsonc, ${message}`);
    return true;
  });

Deno.test("readJsonc() reads comments and trailing commas", () => {
  assert.deepEqual(readJsonc('// few\n{ "samples": 3, /* */ }', schema, "a.jsonc"), { samples: 3 });
});

Deno.test("readJsonc() names line and nearest key of a typo", () => {
  wrong('{\n  "observer": []\n}', 'line 2: unknown key "observer"; did you mean "observers"?');
  wrong('{ "x": 1 }', 'line 1: unknown key "x"; valid are observers, samples, layers');
  wrong(
    '{ "layers": {\n"a": {\n"kind": "x", "kinds": 1 } } }',
    'line 3: unknown key "kinds" in layers.a; did you mean "kind"?',
  );
});

Deno.test("readJsonc() names the words that are valid, and the nearest", () => {
  wrong(
    '{\n"observers": ["min-max",\n"minmax"] }',
    'line 3: observers[1]: expected one of min-max, percentile, got "minmax"; did you mean "min-max"?',
  );
});

Deno.test("readJsonc() gives the bound that a value breaks", () => {
  wrong('{ "observers": [] }', "line 1: observers: expected at least 1 entry, got []");
  wrong('{ "samples": 11 }', "line 1: samples: expected at most 10, got 11");
  wrong('{ "samples": 1.5 }', "line 1: samples: expected a whole number, got 1.5");
  wrong("[]", "line 1: expected object, got []");
});

Deno.test("readJsonc() judges a value by the alternative that was meant", () => {
  wrong(
    '{ "layers": { "a": "flot32" } }',
    'line 1: layers.a: expected one of float32, static, got "flot32"; did you mean "float32"?',
  );
  wrong(
    '{ "layers": { "a": 3 } }',
    'line 1: layers.a: expected "float32", "static" or an object, got 3',
  );
});

Deno.test("readJsonc() points at the line where JSON ends being JSON", () => {
  wrong('{\n"samples": 1\n"observers": [] }', "line 3: not valid JSON: comma expected");
  for (const nothing of ["", " \n", "// nothing\n"]) {
    assert.throws(
      () => readJsonc(nothing, schema, "a.jsonc"),
      /^UserError: Cannot read a\.jsonc: it holds no value; \{\} is the least$/,
    );
  }
});

Deno.test("readJsonc() refuses what is nested deeper than 100, however deep", () => {
  for (const depth of [101, 5_000, 100_000]) {
    wrong("\n" + "[".repeat(depth), "line 2: nested deeper than 100");
    wrong('{"a":'.repeat(depth) + "1" + "}".repeat(depth), "line 1: nested deeper than 100");
  }
  const lists = "[".repeat(100) + "]".repeat(100);
  wrong(lists, `line 1: expected object, got ${"[".repeat(60)}…`);
  wrong(
    `{ "samples": "${"[{".repeat(60)}" }`,
    `line 1: samples: expected number, got "${"[{".repeat(30).slice(0, 59)}…`,
  );
});

Deno.test("readJsonc() shows a value as it was written", () => {
  wrong('{ "samples": 1e999 }', "line 1: samples: expected number, got 1e999");
  wrong('{ "samples": 1e2 }', "line 1: samples: expected at most 10, got 1e2");
  wrong("1e999", "line 1: expected object, got 1e999");
  wrong('{ "observers":\n { "a":\n 1 } }', 'line 2: observers: expected array, got { "a": 1 }');
});

Deno.test("readJsonc() takes the names of Object.prototype for names like others", () => {
  const layers = readJsonc('{ "layers": { "constructor": "static" } }', schema, "a.jsonc").layers!;
  assert.equal(Object.hasOwn(layers, "constructor"), true);
  wrong(
    '{ "toString": 1 }',
    'line 1: unknown key "toString"; valid are observers, samples, layers',
  );
  wrong(
    '{ "__proto__": 1 }',
    'line 1: unknown key "__proto__"; valid are observers, samples, layers',
  );
  wrong(
    '{ "layers": { "toString": { "kinds": "x" } } }',
    "line 1: layers.toString.kind: expected string, found nothing\n  " +
      'line 1: unknown key "kinds" in layers.toString; did you mean "kind"?',
  );
  wrong(
    '{ "layers": { "__proto__": "static" } }',
    'line 1: "__proto__" cannot be a name; choose another',
  );
});

Deno.test("readJsonc() says of a key where it would belong", () => {
  const elsewhere = (key: string) => key === "rules" ? "is of quantize's form" : undefined;
  assert.throws(
    () => readJsonc('{\n"rules": [] }', schema, "a.jsonc", { elsewhere }),
    /^UserError: Cannot read a\.jsonc, line 2: key "rules" is of quantize's form$/,
  );
});

Deno.test("readJsonc() refuses a key given twice, of which parsers drop the first", () => {
  wrong('{ "samples": 1,\n"samples": 2 }', 'line 2: key "samples" is given twice');
});

Deno.test("readJsonc() lists five mistakes at most", () => {
  const text = `{ ${[..."abcdefg"].map((key) => `"${key}${key}${key}": 1`).join(", ")} }`;
  assert.throws(
    () => readJsonc(text, schema, "a.jsonc"),
    /(unknown key.*\n\s*(line 1: )?){5}and 2 more$/,
  );
});
