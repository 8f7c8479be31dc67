import assert from "node:assert/strict";
import type { Built } from "../../lib/study/build.ts";
import { BuiltCache } from "../../lib/study/built_cache.ts";
import { Model } from "../../lib/onnx/model.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { weightOnly } from "../../lib/quantize/qconfig.ts";
import { tinyModel } from "../task/tiny.ts";

/** A built model, as far as its size counts. */
function built(): Built {
  const model = tinyModel();
  const converted = convert(model, qconfigMapping({ default: weightOnly() }));
  return { model, converted, float32: model };
}

Deno.test("BuiltCache lets go of what was not used for longest", () => {
  const one = built();
  const bytes = one.model.bytes().length;
  const cache = new BuiltCache(2 * bytes);
  cache.put("a", one);
  cache.put("b", one);
  assert.equal(cache.get("a"), one); // used again, and so younger than b
  cache.put("c", one);
  assert.deepEqual(["a", "b", "c"].map((key) => cache.get(key) === one), [true, false, true]);
});

Deno.test("BuiltCache keeps the last one, however large it is", () => {
  const one = built();
  const cache = new BuiltCache(1);
  assert.equal(cache.put("a", one), one);
  assert.equal(cache.get("a"), one);
  cache.put("b", one);
  assert.equal(cache.get("a"), undefined);
  assert.ok(cache.get("b")?.model instanceof Model);
});
