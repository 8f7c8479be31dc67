import { create } from "@bufbuild/protobuf";
import { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import { GraphProtoSchema, ModelProtoSchema, OperatorSetIdProtoSchema } from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import { float32 } from "../tensor/tensor.ts";
import type { TimedSubgraph } from "./time_kernels.ts";
import { valueInfo } from "../onnx/extract.ts";

const [ROWS, WIDTH] = [64, 128];

/** Products in a row. */
const LENGTH = 16;

/**
 * Products of small matrices, 17 million multiplications, a millisecond or two, that are timed with
 * everything else. A machine is twice as fast in one minute as in the next, and what is kept of a
 * measurement is how long something takes in such units. All of it stays in the caches nearest to the
 * core: what a neighbour does to the memory must not count as a change of pace of everything.
 */
export function referenceLoad(): TimedSubgraph {
  const wave = (length: number, height: number) =>
    Float32Array.from({ length }, (_, i) => height * Math.sin(i * i)); // no two rows alike
  const x = float32([ROWS, WIDTH], wave(ROWS * WIDTH, 1));
  const w = float32([WIDTH, WIDTH], wave(WIDTH * WIDTH, Math.sqrt(2 / WIDTH))); // keeps the variance
  const names = ["x", ...Array.from({ length: LENGTH }, (_, i) => `y${i + 1}`)];
  const graph = create(GraphProtoSchema, {
    name: "reference load",
    node: names.slice(1).map((name, i) =>
      makeNode("MatMul", [names[i]!, "w"], [name], {}, { name: `product${i + 1}` })
    ),
    initializer: [makeTensorProto("w", w)],
    input: [valueInfo("x", x)],
    output: [valueInfo(names.at(-1)!)],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: "", version: 13n })];
  const proto = create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph });
  const model = new Model(proto, { name: "reference load" });
  return { subgraph: { model, feeds: { x } }, own: new Set() };
}
