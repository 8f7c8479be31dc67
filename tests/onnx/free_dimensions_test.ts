import assert from "node:assert/strict";
import { freeDimensions } from "../../lib/onnx/free_dimensions.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { decodeModel } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import type { GraphProto, TypeProto_Tensor } from "../../lib/onnx/onnx_pb.ts";
import { mapTensorTypes, mapValueInfos } from "../../lib/onnx/value_infos.ts";

/** A graph in which every dimension of length 7 is one of `length` instead: texts know none below 0. */
function withLength(text: string, length: bigint): GraphProto {
  const changed = (type: TypeProto_Tensor): TypeProto_Tensor => ({
    ...type,
    shape: type.shape && {
      ...type.shape,
      dim: type.shape.dim.map((dim) =>
        dim.value.value === 7n ? { ...dim, value: { case: "dimValue", value: length } } : dim
      ),
    },
  });
  return mapValueInfos(parseGraph(text), (info) => mapTensorTypes(info, changed));
}

const TEXT = "input x float32[7, 3]; output y sequence(float32[7, 3]); value h float32[3, 7]; " +
  "h = Transpose(x); y = If(c) {then_branch=graph t {output z float32[7]; z = Relu(h)}}";

Deno.test("freeDimensions() leaves axes of negative length open, in inputs, outputs and bodies", () => {
  const free = TEXT.replaceAll("7", "?");
  for (const length of [-1n, -5n]) {
    assert.equal(
      printGraph(freeDimensions(withLength(TEXT, length))),
      printGraph(parseGraph(free)),
    );
  }
});

Deno.test("freeDimensions() returns a graph without negative lengths itself, empty axes too", () => {
  const graph = withLength(TEXT, 0n);
  assert.equal(freeDimensions(graph), graph);
});

Deno.test("decodeModel() reads an axis of length -1 as one of any length, without a word", () => {
  const text = "input x float32[7, 3]; output y float32[7, 3]; y = Relu(x)";
  const written = parseModel(text).withGraph(withLength(text, -1n));
  const read = decodeModel(written.bytes());
  assert.deepEqual(valueTypes(read.graph).inputs[0]!.dims, [null, 3]);
  assert.deepEqual(read.amendments, []);
});
