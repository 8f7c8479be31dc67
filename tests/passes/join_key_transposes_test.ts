import assert from "node:assert/strict";
import { fuse } from "../../lib/passes/fuse.ts";
import { joinKeyTransposes } from "../../lib/passes/join_key_transposes.ts";
import { error, modelOf, run } from "./fixtures.ts";
import { encoder, sentences } from "./transformer_fixture.ts";

const opsOf = (model: ReturnType<typeof modelOf>) => model.graph.node.map(({ opType }) => opType);

Deno.test("fuse() writes an encoder as torch exports it with one Transpose of the keys and no guard", async () => {
  const model = encoder();
  const fused = fuse(model);
  const ops = opsOf(fused);
  const count = (opType: string) => ops.filter((op) => op === opType).length;
  assert.deepEqual(
    ["Shape", "Slice", "Concat", "IsNaN", "Transpose", "Reshape"].map(count),
    [0, 0, 0, 0, 4, 4],
  );
  const feeds = sentences(7, 4);
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 1e-6);
  // With a mask of -Infinity, a sentence that is all padding has rows of NaN.
  assert.ok(opsOf(fuse(encoder(-Infinity))).includes("IsNaN"));
});

/** The operators that are left of a swap of the last two axes, worked out from these parts of the shape. */
function left(stack: string, back: string): string {
  const { graph } = modelOf(
    `input x float32[A, B, C, D]
     output y float32[E, F, G, H]
     tensor m1 int64[1] = [-1]; tensor m2 int64[1] = [-2]; tensor least int64[1] = [-9999]
     tensor most int64[1] = [9999]
     s = Shape(x); last = Slice(s, m1, most); rows = Slice(s, m2, m1); front = Slice(s, least, m2)
     s1 = Concat(${stack}) {axis=0}; s2 = Concat(${back}) {axis=0}
     r = Reshape(x, s1); t = Transpose(r) {perm=[0, 2, 1]}; y = Reshape(t, s2)`,
  );
  return joinKeyTransposes(graph).node.map(({ opType }) => opType).join(" ");
}

Deno.test("a stack that is turned and laid out back becomes a Transpose", () => {
  assert.equal(left("m1, rows, last", "front, last, rows"), "Transpose");
});

Deno.test("what is laid out in another way stays", () => {
  for (
    const [stack, back] of [["m1, last, rows", "front, last, rows"], [
      "m1, rows, last",
      "front, rows, last",
    ]]
  ) {
    assert.match(left(stack!, back!), /Reshape Transpose Reshape$/);
  }
});
