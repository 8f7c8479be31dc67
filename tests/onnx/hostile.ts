import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as Type,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
} from "../../lib/onnx/onnx_pb.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A small model of everything that decoders get wrong. */
export function hostileModel(): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 14n,
    opsetImport: [{ domain: "", version: 21n }, { domain: "com.example", version: 1n }],
    producerName: "",
    docString: "",
    modelVersion: -1n,
    metadataProps: [{ key: "", value: "" }, { key: "ключ", value: "日本\u0000語 🙂" }],
    configuration: [{ name: "two", numDevices: 2, device: ["a", ""] }],
    graph: {
      name: "",
      docString: "",
      node: [{
        opType: "Strange",
        domain: "com.example",
        overload: "",
        input: ["x", "", "w"],
        output: ["", "y"],
        attribute: [
          { name: "max", type: Type.INT, i: 9223372036854775807n },
          { name: "min", type: Type.INT, i: -9223372036854775808n },
          { name: "zero", type: Type.INT, i: 0n },
          { name: "ints", type: Type.INTS, ints: [0n, -1n, 9223372036854775807n] },
          { name: "nan", type: Type.FLOAT, f: NaN },
          { name: "minusZero", type: Type.FLOAT, f: -0 },
          {
            name: "floats",
            type: Type.FLOATS,
            floats: [-0, Infinity, -Infinity, NaN, Math.fround(1e-45)],
          },
          { name: "empty", type: Type.STRING, s: new Uint8Array() },
          { name: "notUtf8", type: Type.STRING, s: Uint8Array.of(0xff, 0xfe, 0) },
          {
            name: "strings",
            type: Type.STRINGS,
            strings: [text(""), Uint8Array.of(0xc0), text("é")],
          },
          { name: "emptyList", type: Type.INTS },
          { name: "ofTheFuture", type: 99 as Type },
          { name: "graph", type: Type.GRAPH, g: { name: "body", node: [{ opType: "Inner" }] } },
          {
            name: "type",
            type: Type.TYPE_PROTO,
            tp: { value: { case: "optionalType", value: {} } },
          },
          {
            name: "sparse",
            type: Type.SPARSE_TENSOR,
            sparseTensor: { dims: [3n], values: { name: "v" }, indices: { dims: [0n] } },
          },
        ],
        deviceConfigurations: [{
          configurationId: "two",
          shardingSpec: [{
            tensorName: "x",
            device: [0n, 1n],
            indexToDeviceGroupMap: [{ key: -1n, value: [0n] }],
            shardedDim: [{
              axis: 0n,
              simpleSharding: [{ dim: { case: "dimParam", value: "N" }, numShards: 2n }],
            }],
          }],
        }],
      }],
      initializer: [
        { name: "w", dataType: DataType.INT64, dims: [2n], int64Data: [1n << 62n, -1n] },
        { name: "u", dataType: DataType.UINT64, dims: [1n], uint64Data: [18446744073709551615n] },
        { name: "f", dataType: DataType.FLOAT, dims: [2n], floatData: [NaN, -0] },
        { name: "d", dataType: DataType.DOUBLE, dims: [1n], doubleData: [5e-324] },
        {
          name: "s",
          dataType: DataType.STRING,
          dims: [2n],
          stringData: [text(""), Uint8Array.of(255)],
        },
        { name: "none", dataType: DataType.FLOAT, dims: [0n], rawData: new Uint8Array() },
        { name: "scalar", dataType: DataType.BFLOAT16, rawData: Uint8Array.of(0x80, 0x3f) },
        { name: "int2", dataType: DataType.INT2, dims: [5n], rawData: Uint8Array.of(0x4e, 1) },
        { name: "float4", dataType: DataType.FLOAT4E2M1, dims: [2n], int32Data: [0x21] },
        {
          name: "external",
          dataType: DataType.FLOAT,
          dims: [1n],
          dataLocation: DataLocation.EXTERNAL,
          externalData: [{ key: "location", value: "w.bin" }],
        },
      ],
      input: [{
        name: "x",
        type: {
          denotation: "IMAGE",
          value: {
            case: "tensorType",
            value: {
              elemType: DataType.FLOAT,
              shape: {
                dim: [
                  { value: { case: "dimValue", value: 0n } },
                  { value: { case: "dimParam", value: "" } },
                  { denotation: "WIDTH" },
                ],
              },
            },
          },
        },
      }],
      quantizationAnnotation: [{
        tensorName: "x",
        quantParameterTensorNames: [{ key: "SCALE_TENSOR", value: "" }],
      }],
    },
    functions: [{
      name: "Strange",
      domain: "com.example",
      overload: "second",
      input: ["a"],
      output: ["b"],
      attribute: ["alpha"],
      attributeProto: [{ name: "beta", type: Type.FLOAT, f: 0 }],
      node: [{
        opType: "Elu",
        input: ["a"],
        output: ["b"],
        attribute: [{ name: "alpha", type: Type.FLOAT, refAttrName: "alpha" }],
      }],
      opsetImport: [{ version: 21n }],
    }],
    trainingInfo: [{
      initialization: { name: "init" },
      updateBinding: [{ key: "w", value: "w2" }],
    }],
  });
}
