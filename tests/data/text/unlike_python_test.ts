import assert from "node:assert/strict";
import { unlikePython } from "../../../lib/data/text/unlike_python.ts";

Deno.test("unlikePython() names parts that cut otherwise in JavaScript, where texts show it", () => {
  const rules = {
    normalizer: { type: "BertNormalizer" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Whitespace" }, { type: "Punctuation" }],
    },
  };
  assert.deepEqual(unlikePython(rules, ["plain, is it?"]), []);
  const [letters, marks, sigma] = unlikePython(rules, ["plain", "naïve", "so?!", "ΝΑΙ ΩΣ"]);
  assert.match(letters!, /Whitespace cuts words .*: 2 texts of 4 may have other tokens/);
  assert.match(marks!, /Punctuation does not cut .*: 1 text of 4/);
  assert.match(sigma!, /BertNormalizer .*: 1 text of 4/);
  assert.deepEqual(unlikePython({ pre_tokenizer: { type: "BertPreTokenizer" } }, ["naïve?!"]), []);
  assert.deepEqual(unlikePython({ pre_tokenizer: null }, ["naïve"]), []);
});
