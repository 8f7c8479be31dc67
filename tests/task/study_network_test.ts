import assert from "node:assert/strict";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { baselineWords } from "../../lib/record/given_record.ts";
import { studyNetwork } from "../../lib/task/study_network.ts";

/** A product of stored integers, or of float32. */
function product(options: { input?: string; width?: number; int8?: boolean } = {}): Model {
  const { input = "x", width = 2, int8 = true } = options;
  const values = Array.from({ length: 2 * width }, (_, i) => i - 2);
  return parseModel(`
    input ${input} float32[N, ${width}]
    output y float32[N, 2]
    ${
    int8
      ? `tensor q int8[${width}, 2] = [${values}]
    tensor s float32[] = [0.5]
    w = DequantizeLinear(q, s)`
      : `tensor w float32[${width}, 2] = [${values}]`
  }
    y = MatMul(${input}, w)`);
}

Deno.test("studyNetwork() holds a float32 network against itself", async () => {
  const model = product({ int8: false });
  const { network, reference, given } = await studyNetwork(model, undefined);
  assert.deepEqual([network, reference, given], [model, model, undefined]);
});

Deno.test("studyNetwork() holds an int8 file against its own outputs, and says so", async () => {
  const model = product();
  const { network, reference, given, notes } = await studyNetwork(model, undefined);
  assert.equal(reference, model);
  assert.notEqual(network, model);
  assert.deepEqual([given!.reference, given!.about], [undefined, notes]);
  assert.match(
    notes.at(-1)!,
    /^All is compared with the file itself: .* --reference float32\.onnx\.$/,
  );
  assert.equal(baselineWords({ given }).outputs, "the given file");
});

Deno.test("studyNetwork() holds an int8 file against the float32 network that is given beside it", async () => {
  const float32 = product({ int8: false });
  const { reference, given, notes } = await studyNetwork(product(), float32);
  assert.equal(reference, float32);
  assert.equal(given!.reference!.hash, await float32.hash());
  const { model, outputs } = baselineWords({ given });
  assert.deepEqual([model, outputs], ["the given file", "float32"]);
  assert.match(
    notes.at(-1)!,
    /^Times and sizes are compared with the file's, outputs with those of/,
  );
  assert.ok(notes.every((note) => !/start from that/.test(note)), "it is at hand");
});

Deno.test("studyNetwork() refuses a reference of another interface, an int8 one, and an idle one", async () => {
  const refused = (model: Model, reference: Model, why: RegExp) =>
    assert.rejects(() => studyNetwork(model, reference), why);
  const float = (options = {}) => product({ int8: false, ...options });
  await refused(
    product(),
    float({ input: "a" }),
    /its inputs are others: "a", where the file has "x"/,
  );
  await refused(product(), float({ width: 3 }), /"x" is float32\[N, 3\], where the file has/);
  await refused(product(), product(), /it is int8 too/);
  await refused(float(), float(), /is float32, and so the reference itself; leave out --reference/);
});
