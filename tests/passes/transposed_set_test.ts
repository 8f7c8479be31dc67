import assert from "node:assert/strict";
import type { TensorProto } from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { TransposedSet } from "../../lib/passes/transposed_set.ts";

function matrix(dims: number[], ...values: number[]): TensorProto {
  return makeTensorProto("w", { type: "int8", dims, data: Int8Array.from(values) });
}

Deno.test("a TransposedSet finds the matrix that is another one transposed, and no other", () => {
  const known = new TransposedSet();
  const wide = matrix([2, 3], 1, 2, 3, 4, 5, 6);
  known.add(wide);
  assert.equal(known.find(matrix([3, 2], 1, 4, 2, 5, 3, 6)), wide);
  assert.equal(known.find(matrix([3, 2], 1, 4, 2, 5, 3, 7)), undefined);
  assert.equal(known.find(matrix([6, 1], 1, 2, 3, 4, 5, 6)), undefined);
  assert.equal(known.find(wide), undefined);
});

Deno.test("a TransposedSet reads no matrix of another shape or type, however many it has", () => {
  const unread = (tensor: TensorProto): TensorProto => ({
    ...tensor,
    get rawData(): never {
      throw new Error("a matrix of another shape was read");
    },
  });
  const known = new TransposedSet();
  known.add(unread(matrix([2, 2], 1, 2, 3, 4)));
  known.add(unread({ ...matrix([2, 3], 1, 2, 3, 4, 5, 6), dataType: 2 }));
  assert.equal(known.find(matrix([3, 2], 1, 2, 3, 4, 5, 6)), undefined);
});
