import { fromBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { decodeModel, type Model } from "../../../lib/onnx/model.ts";
import { makeNode } from "../../../lib/onnx/node.ts";
import { TensorProtoSchema } from "../../../lib/onnx/onnx_pb.ts";
import { readTensorProto } from "../../../lib/onnx/tensor_proto.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { isThere, shared } from "../../shared.ts";
import { run } from "../fixtures.ts";

const NODE_TESTS = shared("onnx-node-tests/node/");
const NAMES = /^test_(convinteger|dequantizelinear|matmulinteger|qlinear|quantizelinear)/;

/** A test of the ONNX standard: one operator whose parameters are constants, and what it should give. */
function readTest(folder: string) {
  const root = new URL(`${folder}/`, NODE_TESTS);
  const model = decodeModel(Deno.readFileSync(new URL("model.onnx", root)), folder);
  const read = (file: string) =>
    fromBinary(TensorProtoSchema, Deno.readFileSync(new URL(`test_data_set_0/${file}.pb`, root)));
  const { graph } = model;
  const [node] = graph.node;
  const stored = graph.input.map(({ name }, i) => ({ ...read(`input_${i}`), name }));
  // A constant that is dequantized is weights; behind it stands what reads them.
  const isWeights = node!.opType === "DequantizeLinear";
  const [fed, parameters] = isWeights ? [[], stored] : [stored.slice(0, 1), stored.slice(1)];
  const output = graph.output[0]!.name;
  const prepared = model.withGraph({
    ...graph,
    input: graph.input.filter(({ name }) => fed.some((tensor) => tensor.name === name)),
    initializer: [...graph.initializer, ...parameters],
    node: isWeights
      ? [{ ...node!, output: ["weights"] }, makeNode("Sum", ["weights"], [output])]
      : graph.node,
  });
  return { model: prepared, fed, output, expected: read("output_0") };
}

/** What a model gives; undefined of what the runtime or the types here do not take. */
async function outputOf(model: Model, test: ReturnType<typeof readTest>) {
  try {
    const feeds = Object.fromEntries(test.fed.map((one) => [one.name, readTensorProto(one)]));
    return (await run(model, feeds))[test.output];
  } catch (error) {
    return String(error);
  }
}

/** Largest difference of two tensors; of floats in parts of the largest value. */
function difference(a: Tensor, b: Tensor): number {
  const [x, y] = [a, b].map(({ data }) => Array.from(data as Float32Array, Number));
  const most = Math.max(...x!.map((value, i) => Math.abs(value - y![i]!)));
  return /int/.test(a.type) ? most : most / Math.max(...y!.map(Math.abs));
}

Deno.test({
  name: "undoInt8() computes what the ONNX standard says of operators on integers, within a step",
  ignore: !isThere(NODE_TESTS),
  async fn() {
    const read: string[] = [];
    for (const { name } of Deno.readDirSync(NODE_TESTS)) {
      if (!NAMES.test(name)) continue;
      const test = readTest(name);
      const undone = undoInt8(test.model);
      const made = await outputOf(undone.model, test);
      if (typeof made !== "object") {
        // What the runtime cannot run stays as it was.
        assert.equal(undone.model, test.model, `${name}: ${made}`);
        continue;
      }
      const off = difference(made, readTensorProto(test.expected) as Tensor);
      assert.ok(off <= (/int/.test(made.type) ? 1 : 1e-6), `${name}: ${off}`);
      if (undone.model !== test.model) read.push(name);
    }
    assert.ok(read.length >= 18, `${read}`);
  },
});
