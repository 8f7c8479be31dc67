import assert from "node:assert/strict";
import { withoutExporterMetadata } from "../../lib/onnx/exporter_metadata.ts";
import { Model } from "../../lib/onnx/model.ts";
import type { GraphProto, StringStringEntryProto } from "../../lib/onnx/onnx_pb.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";

function entry(key: string, value: string): StringStringEntryProto {
  return { $typeName: "onnx.StringStringEntryProto", key, value };
}

/** The graph with a note at whatever can bear one. */
function noted(graph: GraphProto): GraphProto {
  const notes = {
    docString: "made by someone",
    metadataProps: [entry("pkg.torch.onnx.stack_trace", "someone, line 3")],
  };
  return {
    ...graph,
    ...notes,
    node: graph.node.map((node) => ({
      ...node,
      ...notes,
      attribute: node.attribute.map((one) => ({
        ...one,
        docString: notes.docString,
        ...(one.g && { g: noted(one.g) }),
      })),
    })),
    initializer: graph.initializer.map((one) => ({ ...one, ...notes })),
    input: graph.input.map((one) => ({ ...one, ...notes })),
    output: graph.output.map((one) => ({ ...one, ...notes })),
    valueInfo: graph.valueInfo.map((one) => ({ ...one, ...notes })),
  };
}

const plain = parseModel(`
  input x float32[1]; input c bool[]; output y float32[1]; value h float32[1]
  tensor w float32[1] = [2.0]
  h = Mul(x, w)
  y = If(c) {then_branch=graph t {output r float32[1]; r = Elu(h) {alpha=2.0}}}`);

Deno.test("withoutExporterMetadata() drops what was noted of graphs, nodes, weights and values, in bodies too", () => {
  const model = plain.withGraph(noted(plain.graph));
  assert.match(new TextDecoder().decode(model.bytes()), /someone/);
  assert.deepEqual(withoutExporterMetadata(model).bytes(), plain.bytes());
});

Deno.test("withoutExporterMetadata() keeps what programs read of the whole model, and returns a plain one itself", () => {
  const told = new Model({
    ...plain.proto,
    docString: "A detector.",
    metadataProps: [entry("names", "{0: 'cat'}"), entry("pkg.torch.export.graph", "long")],
  });
  const { proto } = withoutExporterMetadata(told);
  assert.equal(proto.docString, "A detector.");
  assert.deepEqual(proto.metadataProps.map(({ key }) => key), ["names"]);
  assert.equal(withoutExporterMetadata(plain), plain);
});
