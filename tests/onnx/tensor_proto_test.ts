import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { UserError } from "../../lib/errors.ts";
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from "../../lib/onnx/onnx_pb.ts";
import {
  byteLengthOf,
  dataTypeName,
  dataTypeNamed,
  makeTensorProto,
  rawBytes,
  readTensorProto,
} from "../../lib/onnx/tensor_proto.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";

const tensors: Tensor[] = [
  { type: "float32", dims: [2], data: Float32Array.of(-0, NaN) },
  { type: "float64", dims: [1], data: Float64Array.of(5e-324) },
  { type: "float16", dims: [2], data: Float16Array.of(65504, -Infinity) },
  { type: "bfloat16", dims: [], data: Uint16Array.of(0x3f80) },
  { type: "int8", dims: [2, 1], data: Int8Array.of(-128, 127) },
  { type: "uint8", dims: [1], data: Uint8Array.of(255) },
  { type: "int16", dims: [1], data: Int16Array.of(-32768) },
  { type: "uint16", dims: [1], data: Uint16Array.of(65535) },
  { type: "int32", dims: [1], data: Int32Array.of(-(2 ** 31)) },
  { type: "uint32", dims: [1], data: Uint32Array.of(2 ** 32 - 1) },
  { type: "int64", dims: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  { type: "uint64", dims: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
  { type: "bool", dims: [2], data: Uint8Array.of(0, 1) },
  { type: "string", dims: [2], data: ["", "ü"] },
  { type: "float32", dims: [0, 3], data: new Float32Array() },
];

for (const tensor of tensors) {
  Deno.test(`readTensorProto() gives back what makeTensorProto() stored, ${tensor.type} [${tensor.dims}]`, () => {
    const stored = makeTensorProto("t", tensor);
    assert.deepEqual(readTensorProto(stored), tensor);
    assert.equal(dataTypeName(stored.dataType), tensor.type);
    assert.equal(dataTypeNamed(tensor.type), stored.dataType);
  });
}

Deno.test("readTensorProto() reads elements from the typed field of each type", () => {
  const read = (dataType: DataType, fields: object) =>
    readTensorProto(create(TensorProtoSchema, { dims: [2n], dataType, ...fields })).data;
  assert.deepEqual(read(DataType.FLOAT, { floatData: [1, -0] }), Float32Array.of(1, -0));
  assert.deepEqual(read(DataType.DOUBLE, { doubleData: [1, 2] }), Float64Array.of(1, 2));
  assert.deepEqual(read(DataType.INT64, { int64Data: [1n, -2n] }), BigInt64Array.of(1n, -2n));
  assert.deepEqual(read(DataType.UINT64, { uint64Data: [1n, 2n] }), BigUint64Array.of(1n, 2n));
  assert.deepEqual(
    read(DataType.UINT32, { uint64Data: [1n, 2n ** 32n - 1n] }),
    Uint32Array.of(1, 2 ** 32 - 1),
  );
  assert.deepEqual(read(DataType.INT32, { int32Data: [-1, 2] }), Int32Array.of(-1, 2));
  assert.deepEqual(read(DataType.INT8, { int32Data: [-1, 2] }), Int8Array.of(-1, 2));
  assert.deepEqual(read(DataType.UINT8, { int32Data: [255, 2] }), Uint8Array.of(255, 2));
  assert.deepEqual(read(DataType.BOOL, { int32Data: [1, 0] }), Uint8Array.of(1, 0));
  // Half floats sit there as their bits: 0x3c00 is 1, 0xc000 is -2.
  assert.deepEqual(read(DataType.FLOAT16, { int32Data: [0x3c00, 0xc000] }), Float16Array.of(1, -2));
  assert.deepEqual(read(DataType.BFLOAT16, { int32Data: [0x3f80, 0] }), Uint16Array.of(0x3f80, 0));
  assert.deepEqual(read(DataType.INT4, { int32Data: [0xf1] }), Int8Array.of(1, -1));
});

Deno.test("makeTensorProto() packs int4, and readTensorProto() unpacks it to a byte each", () => {
  const tensor: Tensor = { type: "int8", dims: [3], data: Int8Array.of(-8, 7, -1) };
  const stored = makeTensorProto("t", tensor, { packed: "int4" });
  assert.equal(stored.dataType, DataType.INT4);
  assert.equal(byteLengthOf(stored), 2);
  assert.deepEqual(stored.rawData, Uint8Array.of(0x78, 0x0f));
  assert.deepEqual(readTensorProto(stored), tensor);
});

Deno.test("readTensorProto() copies raw data only where it is not aligned", () => {
  const buffer = new ArrayBuffer(32);
  const tensor = (offset: number) =>
    create(TensorProtoSchema, {
      dims: [2n],
      dataType: DataType.FLOAT,
      rawData: new Uint8Array(buffer, offset, 8),
    });
  const view = (offset: number) => readTensorProto(tensor(offset)).data as Float32Array;
  assert.equal(view(8).buffer, buffer);
  assert.notEqual(view(9).buffer, buffer);
  assert.equal(view(9).byteLength, 8);
});

Deno.test("readTensorProto() says what is wrong with a damaged tensor", () => {
  const cases: [object, RegExp][] = [
    [
      { dims: [3n], dataType: DataType.FLOAT, rawData: new Uint8Array(8) },
      /"t" \(float32 \[3\]\): expected 12 bytes, found 8/,
    ],
    [{ dims: [3n], dataType: DataType.INT64, int64Data: [1n] }, /expected 3 elements, found 1/],
    [
      { dims: [3n], dataType: DataType.INT4, rawData: new Uint8Array(1) },
      /expected 2 bytes, found 1/,
    ],
    [{ dims: [-1n], dataType: DataType.FLOAT }, /its shape is not one/],
    [{ dims: [2n ** 62n], dataType: DataType.FLOAT }, /its shape is not one/],
    [
      { dims: [1n], dataType: DataType.FLOAT8E4M3FN, rawData: new Uint8Array(1) },
      /\(float8e4m3fn \[1\]\): this type cannot be read/,
    ],
    [{ dims: [1n], dataType: 77 }, /\(type77 \[1\]\)/],
    [
      { dims: [1n], dataType: DataType.FLOAT, dataLocation: DataLocation.EXTERNAL },
      /readModel\(\)/,
    ],
    [{ dims: [1n], dataType: DataType.FLOAT, segment: { begin: 0n } }, /segments/],
  ];
  for (const [fields, message] of cases) {
    const tensor = create(TensorProtoSchema, { name: "t", ...fields });
    assert.throws(
      () => readTensorProto(tensor),
      (error) =>
        error instanceof UserError && message.test(error.message) || assert.fail(`${error}`),
    );
  }
});

Deno.test("makeTensorProto() refuses a shape that the elements do not fill", () => {
  const tensor: Tensor = { type: "int8", dims: [2, 2], data: Int8Array.of(1) };
  assert.throws(() => makeTensorProto("t", tensor), /shape \[2, 2\]: it holds 4 elements, got 1/);
});

Deno.test("rawBytes() gives the bytes whichever field holds the elements", () => {
  const typed = create(TensorProtoSchema, { dims: [1n], dataType: DataType.FLOAT, floatData: [1] });
  assert.deepEqual(rawBytes(typed), new Uint8Array(Float32Array.of(1).buffer));
  assert.throws(
    () => rawBytes(makeTensorProto("s", { type: "string", dims: [], data: ["a"] })),
    /texts/,
  );
});
