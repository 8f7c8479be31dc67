import assert from "node:assert/strict";
import { create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { UserError } from "../../lib/errors.ts";
import { decodeModel, decodeProto, MAX_INLINE_BYTES, Model } from "../../lib/onnx/model.ts";
import { makeNode } from "../../lib/onnx/node.ts";
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from "../../lib/onnx/onnx_pb.ts";
import { hostileModel } from "./hostile.ts";
import { canonical, varint } from "./wire.ts";

const tiny = create(ModelProtoSchema, {
  irVersion: 8n,
  opsetImport: [{ version: 13n }],
  graph: { name: "tiny", input: [{ name: "x" }], node: [makeNode("Relu", ["x"], ["y"])] },
});

function bytesOf(proto: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, proto);
}

function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A length-delimited field. */
function field(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(varint(number * 8 + 2), varint(content.length), content);
}

Deno.test("decodeModel() and encoding keep every hostile value", () => {
  const proto = hostileModel();
  const bytes = bytesOf(proto);
  const read = decodeProto(bytes, "hostile.onnx");
  assert.deepEqual(read, proto);
  assert.deepEqual(bytesOf(read), bytes);
  const [node] = read.graph!.node;
  assert.deepEqual(node!.attribute.slice(0, 3).map(({ i }) => i), [
    2n ** 63n - 1n,
    -(2n ** 63n),
    0n,
  ]);
  assert(Object.is(node!.attribute[5]!.f, -0));
  assert.equal(read.graph!.initializer[1]!.uint64Data[0], 2n ** 64n - 1n);
  assert.equal(read.graph!.initializer[5]!.rawData!.length, 0);
  assert.equal(read.graph!.initializer[0]!.rawData, undefined);
});

Deno.test("a changed model keeps fields that are not known, at every depth", () => {
  const strange = field(500, Uint8Array.of(1, 2, 3));
  const node = concat(bytesOfNode(), strange, varint(501 * 8), varint(300));
  const graph = field(7, concat(field(1, node), inputX));
  const bytes = concat(
    Uint8Array.of(8, 8), // ir_version 8
    field(8, Uint8Array.of(16, 13)), // opset 13
    graph,
    strange,
  );
  const model = decodeModel(bytes);
  const changed = model.withGraph({ ...model.graph, name: "renamed" });
  const again = decodeModel(changed.bytes());
  assert.deepEqual(again.proto.$unknown?.map(({ no }) => no), [500]);
  assert.deepEqual(again.graph.node[0]!.$unknown?.map(({ no }) => no), [500, 501]);
  const restored = again.withGraph({ ...again.graph, name: "" });
  assert.deepEqual(restored.bytes(), canonical(bytes, ModelProtoSchema));
});

/** The graph's input `x`. */
const inputX = field(11, field(1, Uint8Array.of(120)));

function bytesOfNode(): Uint8Array {
  return concat(
    field(1, Uint8Array.of(120)),
    field(2, Uint8Array.of(121)),
    field(4, new TextEncoder().encode("Relu")),
  );
}

Deno.test("bytes() of an untouched model are the very bytes, however oddly they were written", () => {
  // Fields out of order, names present but empty, one field twice: the last wins.
  const bytes = concat(
    field(7, concat(field(2, new Uint8Array()), field(1, bytesOfNode()), inputX)),
    field(8, concat(field(1, new Uint8Array()), Uint8Array.of(16, 7))),
    Uint8Array.of(8, 3, 8, 8),
    field(2, new Uint8Array()),
  );
  const model = decodeModel(bytes);
  assert.equal(model.bytes(), bytes);
  assert.equal(model.opset, 7);
  assert.equal(model.proto.irVersion, 8n);
  assert.equal(model.withGraph(model.graph), model);
  assert.equal(model.withProto(model.proto), model);
});

Deno.test("tensors of a decoded model are views of its bytes", () => {
  const rawData = new Uint8Array(1000);
  const bytes = bytesOf({
    ...tiny,
    graph: create(GraphProtoSchema, {
      initializer: [{ name: "w", dataType: DataType.UINT8, dims: [1000n], rawData }],
    }),
  });
  assert.equal(decodeModel(bytes).graph.initializer[0]!.rawData!.buffer, bytes.buffer);
});

Deno.test("hash() is the SHA-256 of the bytes, and another for another graph", async () => {
  const model = decodeModel(bytesOf(tiny));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", model.bytes())).toHex();
  assert.equal(await model.hash(), digest);
  const other = model.withGraph({ ...model.graph, name: "other" });
  assert.notEqual(await other.hash(), digest);
  assert.equal(other.name, model.name);
});

Deno.test("decodeModel() says what is wrong with bytes that are no model", () => {
  const ascii = (text: string) => new TextEncoder().encode(text);
  const cases: [Uint8Array<ArrayBuffer>, RegExp][] = [
    [new Uint8Array(), /Cannot read net\.onnx as an ONNX model: it is empty/],
    [ascii("version https://git-lfs.github.com/spec/v1\noid sha256:00"), /Git LFS pointer/],
    [ascii("<!DOCTYPE html><html></html>"), /HTML page/],
    [ascii("\x20\x00\x00\x00ORTM\x00\x00"), /\.ort format/],
    [ascii("PK\x03\x04archive/data.pkl"), /ZIP archive/],
    [ascii("hello, world"), /cut off or of another format/],
    [ascii("no such thing"), /cut off or of another format/],
    [crypto.getRandomValues(new Uint8Array(4096)).fill(7, 0, 1), /cut off or of another format/],
    [bytesOf({ ...tiny, graph: undefined }), /holds no graph/],
    [bytesOf({ ...tiny, opsetImport: [] }), /no operator set/],
    [bytesOf({ ...tiny, irVersion: 15n }), /\(IR\) is 15, the newest known here is 14/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(
      () => decodeModel(bytes, "net.onnx"),
      (error) =>
        error instanceof UserError && message.test(error.message) || assert.fail(`${error}`),
    );
  }
});

Deno.test("decodeModel() refuses a model that is cut off anywhere", () => {
  const whole = bytesOf({ ...hostileModel(), functions: [], trainingInfo: [], configuration: [] });
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    let read: Model;
    try {
      read = decodeModel(cut);
    } catch (error) {
      assert(error instanceof UserError, `${length}: ${error}`);
      continue;
    }
    // What is cut off between two fields of the file's last kind is a model like any other.
    assert(read.proto.opsetImport.length > 0 && read.graph.node.length > 0);
  }
});

Deno.test("bytes() refuses more than 2^31-1 bytes before it encodes them", () => {
  // One buffer behind many tensors: the model is large, the test is not.
  const rawData = new Uint8Array(2 ** 20);
  const tensor = create(TensorProtoSchema, {
    dataType: DataType.UINT8,
    dims: [2n ** 20n],
    rawData,
  });
  const initializer = Array.from({ length: 2048 }, (_, i) => ({ ...tensor, name: `w${i}` }));
  const model = new Model({ ...tiny, graph: create(GraphProtoSchema, { initializer }) }, {
    name: "big",
  });
  assert(initializer.length * rawData.length > MAX_INLINE_BYTES);
  assert.throws(
    () => model.bytes(),
    /Cannot write big as one file: it takes 2147483648 bytes.*externalData: true/,
  );
});

Deno.test("save() replaces the file at once, and leaves nothing behind where it fails", async () => {
  const folder = await Deno.makeTempDir();
  const model = new Model(tiny);
  const path = `${folder}/net.onnx`;
  await Deno.writeTextFile(path, "old");
  await model.save(path);
  assert.deepEqual(await Deno.readFile(path), model.bytes());
  await assert.rejects(model.save(`${folder}/missing/net.onnx`), UserError);
  await Deno.mkdir(`${folder}/taken`);
  await assert.rejects(model.save(`${folder}/taken`), /Cannot write .*taken/);
  assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(), [
    "net.onnx",
    "taken",
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("an encoded model is what a reader of the standard's fields expects", () => {
  // Written out by hand: IR 8, a graph with one Relu named nothing, opset 13.
  const bytes = bytesOf(tiny);
  const graph = field(
    7,
    concat(field(1, bytesOfNode()), field(2, new TextEncoder().encode("tiny")), inputX),
  );
  assert.deepEqual(bytes, concat(Uint8Array.of(8, 8), graph, field(8, Uint8Array.of(16, 13))));
  assert(equals(ModelProtoSchema, fromBinary(ModelProtoSchema, bytes), tiny));
});
