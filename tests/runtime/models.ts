import { create } from "@bufbuild/protobuf";
import { Model } from "../../lib/onnx/model.ts";
import { ModelProtoSchema, OperatorSetIdProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";

/** A model of opset 17, or another, from the text of its graph. */
export function modelOf(text: string, name = "tiny.onnx", opset = 17): Model {
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(opset) })],
    graph: parseGraph(text),
  });
  return new Model(proto, { name });
}

/** y = 2 x + 1 for any number of numbers. */
export function doubling(name = "doubling.onnx"): Model {
  return modelOf(
    `input x float32[n]
     output y float32[n]
     tensor two float32[] = [2.0]
     tensor one float32[] = [1.0]
     d = Mul(x, two)
     y = Add(d, one)`,
    name,
  );
}

/** Takes the sine of x as often as n says: with a large n, for years. */
export function looping(): Model {
  return modelOf(
    `input n int64[]
     input x float32[4]
     output y float32[4]
     y = Loop(n, "", x) {body=graph body {
       input i int64[]
       input go bool[]
       input v float32[4]
       output on bool[]
       output w float32[4]
       on = Identity(go)
       w = Sin(v)
     }}`,
    "looping.onnx",
  );
}

/** What {@linkcode looping} is fed. */
export function turns(n: bigint): { n: Tensor; x: Tensor } {
  return {
    n: { type: "int64", dims: [], data: BigInt64Array.of(n) },
    x: float32([4], [1, 2, 3, 4]),
  };
}
