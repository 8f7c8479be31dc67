import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import {
  bigintsAttribute,
  float,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  isStandard,
  makeNode,
  stringAttribute,
  stringsAttribute,
  tensorAttribute,
  withAttributes,
} from "../../lib/onnx/node.ts";
import { AttributeProto_AttributeType as Type, GraphProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

Deno.test("makeNode() stores each kind of attribute, and the readers give it back", () => {
  const tensor = makeTensorProto("t", float32([1], [1]));
  const graph = create(GraphProtoSchema, { name: "g" });
  const node = makeNode("Op", ["a", ""], ["b"], {
    int: -3,
    big: 2n ** 63n - 1n,
    ints: [1, 2n],
    none: [],
    float: float(1),
    floats: float([1, 0.5]),
    text: "ä",
    texts: ["x", ""],
    tensor,
    graph,
  }, { name: "n", domain: "com.example" });
  assert.deepEqual([node.opType, node.name, node.domain, node.input, node.output], [
    "Op",
    "n",
    "com.example",
    ["a", ""],
    ["b"],
  ]);
  assert.equal(intAttribute(node, "int"), -3);
  assert.deepEqual(intsAttribute(node, "ints"), [1, 2]);
  assert.deepEqual(intsAttribute(node, "none"), []);
  assert.deepEqual(bigintsAttribute(node, "ints"), [1n, 2n]);
  assert.equal(floatAttribute(node, "float"), 1);
  assert.deepEqual(floatsAttribute(node, "floats"), [1, 0.5]);
  assert.equal(stringAttribute(node, "text"), "ä");
  assert.deepEqual(stringsAttribute(node, "texts"), ["x", ""]);
  assert.equal(tensorAttribute(node, "tensor"), tensor);
  assert.deepEqual(node.attribute.map(({ type }) => type), [
    Type.INT,
    Type.INT,
    Type.INTS,
    Type.INTS,
    Type.FLOAT,
    Type.FLOATS,
    Type.STRING,
    Type.STRINGS,
    Type.TENSOR,
    Type.GRAPH,
  ]);
});

Deno.test("intAttribute() gives the fallback only where the attribute is missing", () => {
  const node = makeNode("Op", [], [], { zero: 0 });
  assert.equal(intAttribute(node, "zero", 5), 0);
  assert.equal(intAttribute(node, "other", 5), 5);
  assert.equal(intAttribute(node, "other"), undefined);
});

Deno.test("intAttribute() refuses a number that it would have to round", () => {
  const node = makeNode("Slice", [], ["y"], { end: 2n ** 63n - 1n, ends: [2n ** 53n] });
  assert.throws(
    () => intAttribute(node, "end"),
    /"end" of Slice "y" .*9223372036854775807 is beyond/,
  );
  assert.throws(() => intsAttribute(node, "ends"), RangeError);
});

Deno.test("makeNode() refuses a plain number with a fraction, which would be cut off", () => {
  assert.throws(() => makeNode("Op", [], [], { alpha: 0.5 }), /write float\(0\.5\)/);
});

Deno.test("withAttributes() sets, replaces and removes, and leaves the node as it was", () => {
  const node = makeNode("Op", ["x"], ["y"], { a: 1, b: 2 });
  const changed = withAttributes(node, { a: undefined, b: 3, c: "new" });
  assert.deepEqual(changed.attribute.map(({ name }) => name), ["b", "c"]);
  assert.equal(intAttribute(changed, "b"), 3);
  assert.equal(intAttribute(node, "b"), 2);
});

Deno.test("isStandard() knows both names of the standard's domain", () => {
  assert(isStandard(makeNode("Relu", [], [])));
  assert(isStandard(makeNode("Relu", [], [], {}, { domain: "ai.onnx" })));
  assert(!isStandard(makeNode("Relu", [], [], {}, { domain: "com.microsoft" })));
});
