import assert from "node:assert/strict";
import { nonTensors, tensorsMade } from "../../lib/onnx/non_tensors.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

Deno.test("nonTensors() follows sequences through bodies, Identity and what is declared", () => {
  const graph = parseGraph(`
    input x float32[4]
    input list sequence(float32[4])
    output y float32[4]
    output scores sequence(map(int64, float32[]))
    parts = SplitToSequence(x)
    same = Identity(parts)
    a, b = If(c) {then_branch=graph t {
      output p float32[4]
      output q sequence(float32[4])
      p = Relu(x)
      q = SequenceInsert(same, x)
    }, else_branch=graph e {
      output r float32[4]
      output s sequence(float32[4])
      r = Neg(x)
      s = Identity(list)
    }}
    grown, last = Loop(n, go, parts, x) {body=graph body {
      input i int64[]
      input on bool[]
      input so none
      input v float32[4]
      output more bool[]
      output next none
      output w float32[4]
      more = Identity(on)
      next = SequenceInsert(so, v)
      w = Neg(v)
    }}
    length = SequenceLength(grown)
    k = Constant() {value_int=1}
    y = SequenceAt(b, length)
    scores = ai.onnx.ml::ZipMap(y)`);
  assert.deepEqual(nonTensors(graph), new Set(["list", "scores", "parts", "same", "b", "grown"]));
  assert.deepEqual(tensorsMade(graph), ["a", "last", "length", "y"]);
});
