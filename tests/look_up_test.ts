import assert from "node:assert/strict";
import { lookUp } from "../lib/look_up.ts";

Deno.test("lookUp() finds what a table holds itself, and nothing that it inherits", () => {
  const table = { Relu: 1, ["__proto__"]: 2 };
  assert.equal(lookUp(table, "Relu"), 1);
  assert.equal(lookUp(table, "__proto__"), 2);
  for (const name of ["constructor", "toString", "hasOwnProperty", "valueOf", "relu"]) {
    assert.equal(lookUp(table, name), undefined);
  }
  assert.equal(lookUp({}, "__proto__"), undefined);
});
