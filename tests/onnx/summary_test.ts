import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { decodeModel, Model } from "../../lib/onnx/model.ts";
import { ModelProtoSchema, OperatorSetIdProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { summarizeModel } from "../../lib/onnx/summary.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

Deno.test("summarizeModel() counts operators and weights, shared ones once, bodies included", async () => {
  const graph = parseGraph(`
    input x float32[N, 2]
    input which bool[]
    output y float32[N, 2]
    tensor w float32[2, 2] = [1.0, 2.0, 3.0, 4.0]
    tensor b float32[2] = [1.0, 2.0]
    h = Gemm(x, w, b) @ /fc/Gemm
    g = MatMul(h, w) @ /head/MatMul
    y = If(which) {
      then_branch=graph { output t float32[N, 2]; t = Add(g, b) @ inner },
      else_branch=graph { output e float32[N, 2]; e = Neg(g) }
    }
  `);
  const opsetImport = [create(OperatorSetIdProtoSchema, { version: 17n })];
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport,
    graph,
    producerName: "by hand",
  });
  const model = new Model(proto);
  const summary = await summarizeModel(model);
  assert.equal(summary.bytes, model.bytes().length);
  assert.equal(summary.producer, "by hand");
  assert.deepEqual(summary.opsets, { "ai.onnx": 17 });
  assert.equal(summary.parameters, 6);
  assert.deepEqual(summary.inputs.map(({ name, type }) => [name, type]), [
    ["x", "float32"],
    ["which", "bool"],
  ]);
  assert.deepEqual(summary.operators, { Add: 1, Gemm: 1, If: 1, MatMul: 1, Neg: 1 });
  assert.deepEqual(
    summary.nodes.map((
      { node, path, depth, weights, float32Bytes },
    ) => [node, path, depth, weights, float32Bytes]),
    [
      ["/fc/Gemm", "fc", 0, [2, 2], 24],
      ["/head/MatMul", "head", 0, [2, 2], 16],
      ["y", "", 0, undefined, 0],
      ["inner", "", 1, undefined, 8],
      ["e", "", 1, undefined, 0],
    ],
  );
});

Deno.test("summarizeModel() tells size and hash of the file, also where reading changed what it says", async () => {
  const proto = create(ModelProtoSchema, {
    irVersion: 14n,
    opsetImport: [create(OperatorSetIdProtoSchema, { version: 28n })],
    graph: parseGraph("input x float32[1]; output y float32[1]; y = Relu(x)"),
  });
  const file = new Model(proto);
  const read = decodeModel(file.bytes());
  assert.notDeepEqual(read.bytes(), file.bytes());
  const { bytes, hash, opsets } = await summarizeModel(read);
  assert.deepEqual([bytes, hash], [file.bytes().length, await file.hash()]);
  assert.deepEqual(opsets, { "ai.onnx": 26 });
});
