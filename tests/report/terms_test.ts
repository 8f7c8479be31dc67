import assert from "node:assert/strict";
import { glossaryOf } from "../../lib/report/glossary.ts";
import { TERMS, termsIn, termsOfNames } from "../../lib/report/terms.ts";
import { PLACEMENTS } from "../../lib/quantize/placements.ts";
import { studyOf } from "./fixture.ts";

Deno.test("every placement is among the words that are explained", () => {
  const names = new Set(TERMS.map(({ name }) => name));
  for (const name of Object.keys(PLACEMENTS)) {
    assert.ok(name === "float32" || names.has(name), name);
  }
  assert.equal(names.size, TERMS.length);
  for (const { name } of TERMS) assert.ok(termsOfNames([name])[0]);
});

Deno.test("a study's glossary explains the words of its trials, and no others", () => {
  const study = studyOf([{
    name: "lowered · compact · lp-norm 2.4 · per-channel",
    family: "compact",
  }]);
  const names = glossaryOf(study).map(({ name }) => name);
  for (const name of ["lowered", "compact", "lp-norm 2.4", "per-channel", "SQNR"]) {
    assert.ok(names.includes(name), name);
  }
  assert.ok(!names.includes("rnn-dynamic") && !names.includes("mixed"));
  assert.equal(new Set(names).size, names.length);
});

Deno.test("termsIn() knows a word in any of its forms", () => {
  const names = (text: string) => termsIn(text).map(({ name }) => name);
  assert.deepEqual(names("GRU stored small"), ["weightOnly"]);
  assert.deepEqual(names("float16 weights"), ["weightOnly"]);
  assert.deepEqual(names("in QLinearConv"), ["QLinearConv, QGemm, ...", "in X"]);
  assert.deepEqual(names("ecstatic"), []);
});
