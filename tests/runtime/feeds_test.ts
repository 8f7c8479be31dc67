import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { checkFeeds, describeValue } from "../../lib/runtime/feeds.ts";
import { type Feeds, float32, type Tensor, type ValueType } from "../../lib/tensor/tensor.ts";

const inputs: ValueType[] = [
  { name: "image", type: "float32", dims: ["n", 2, null] },
  { name: "rate", type: "int64", dims: [] },
  { name: "any", type: "uint8" },
];
const rate: Tensor = { type: "int64", dims: [], data: BigInt64Array.of(16000n) };
const any: Tensor = { type: "uint8", dims: [2, 2], data: new Uint8Array(4) };
const feeds: Feeds = { image: float32([1, 2, 1], [1, 2]), rate, any };

const refuses = (feeds: Feeds, message: RegExp) =>
  assert.throws(() => checkFeeds(feeds, inputs, { model: "net.onnx" }), (error: Error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, message);
    assert.match(error.message, /^Cannot run net\.onnx: .*expected image float32 \[n, 2, \?\], /);
    return true;
  });

Deno.test("checkFeeds() takes any length of a dynamic dimension and any unknown shape", () => {
  checkFeeds(feeds, inputs);
  checkFeeds({ ...feeds, image: float32([0, 2, 7], []) }, inputs);
});

Deno.test("checkFeeds() names the input that does not fit, and how", () => {
  refuses({ image: feeds.image!, rate }, /input "any" is missing/);
  refuses({ ...feeds, imge: feeds.image! }, /no input "imge" \(did you mean "image"\?\)/);
  refuses({ ...feeds, any: { ...any, type: "int8" } as Tensor }, /"any" is int8, not uint8/);
  refuses(
    { ...feeds, any: { ...any, data: new Int8Array(4) } as unknown as Tensor },
    /"any" says that it is uint8, but its data is Int8Array/,
  );
  refuses({ ...feeds, image: float32([2], [1, 2]) }, /"image" has 1 dimensions \[2\] instead of 3/);
  refuses(
    { ...feeds, image: float32([1, 3, 1], [1, 2, 3]) },
    /"image" has shape \[1, 3, 1\]: dimension 1 is 3, not 2/,
  );
  refuses(
    { ...feeds, image: { type: "float32", dims: [1, 2, 4], data: new Float32Array(2) } },
    /"image" has 2 elements where its shape \[1, 2, 4\] needs 8/,
  );
});

Deno.test("describeValue() writes a shape as people do", () => {
  assert.deepEqual(inputs.map(describeValue), [
    "image float32 [n, 2, ?]",
    "rate int64 []",
    "any uint8",
  ]);
});
