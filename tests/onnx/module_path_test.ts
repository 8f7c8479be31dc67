import assert from "node:assert/strict";
import { exportedPath, modulePaths, scopePath } from "../../lib/onnx/module_path.ts";
import type { GraphProto } from "../../lib/onnx/onnx_pb.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

/** Operator and path of each node. */
function paths(graph: GraphProto): string[] {
  return Array.from(modulePaths(graph), ([{ opType }, path]) => `${opType} ${path}`);
}

Deno.test("scopePath() joins the scopes of a node's name, a list's child without its repeated parent", () => {
  assert.equal(scopePath("/front3D/front3D.0/Conv"), "front3D.0");
  assert.equal(scopePath("/trunk/layer1/layer1.0/conv1/Conv"), "trunk.layer1.0.conv1");
  assert.equal(
    scopePath("/trunk/layer2/layer2.0/downsample/downsample.0/Conv"),
    "trunk.layer2.0.downsample.0",
  );
  assert.equal(scopePath("/trunk/layer1/layer1.0/relu_1/Relu"), "trunk.layer1.0.relu_1");
  assert.equal(scopePath("/a/a.0/a.0.1/Gemm"), "a.0.1");
  assert.equal(scopePath("/layer1/layer10/Conv"), "layer1.layer10");
  assert.equal(scopePath("model/dense/Tensordot/MatMul"), "model.dense.Tensordot");
  assert.equal(scopePath("a/conv;b/bias"), "a");
  assert.equal(scopePath("/Shape_1"), "");
  assert.equal(scopePath("Conv_12"), "");
  assert.equal(scopePath(""), "");
});

Deno.test("modulePaths() takes the path from weight names where node names tell nothing", () => {
  const graph = parseGraph(`
    tensor layer1.0.conv1.weight float32[1] = [1.0]
    tensor onnx::Conv_760 float32[1] = [1.0]
    tensor 459 float32[1] = [1.0]
    a = Conv(x, layer1.0.conv1.weight) @ Conv_0
    b = Relu(a) @ Relu_1
    c = Conv(b, onnx::Conv_760) @ Conv_2
    d = Conv(c, 459) @ Conv_3
  `);
  assert.deepEqual(paths(graph), ["Conv layer1.0.conv1", "Relu ", "Conv ", "Conv "]);
});

Deno.test("modulePaths() finds weight names behind what prepares the weights", () => {
  const graph = parseGraph(`
    tensor fc.weight_quantized int8[1] = [1]
    tensor scale float32[] = [1.0]
    t = Constant() {value=<int64[1] = [0]>}
    w = DequantizeLinear(fc.weight_quantized, scale)
    v = Transpose(w)
    y = MatMul(x, v)
  `);
  assert.deepEqual(paths(graph).at(-1), "MatMul fc");
});

Deno.test("modulePaths() knows weights in Constant nodes, and those around a body", () => {
  const graph = parseGraph(`
    tensor outer.lin.weight float32[1] = [1.0]
    y = If(c) {then_branch=graph {
      inner.lin.weight = Constant() {value=<float32[1] = [1.0]>}
      a = Gemm(x, inner.lin.weight)
      b = Gemm(a, outer.lin.weight)
    }}
  `);
  assert.deepEqual(paths(graph), [
    "If ",
    "Constant ",
    "Gemm inner.lin",
    "Gemm outer.lin",
  ]);
});

Deno.test("modulePaths() reads the scopes that torch's dynamo exporter keeps", () => {
  const graph = parseGraph("y = Conv(x, w) @ node_conv2d_1");
  const [node] = graph.node;
  const scoped = {
    ...node!,
    metadataProps: [{
      $typeName: "onnx.StringStringEntryProto" as const,
      key: "pkg.torch.onnx.name_scopes",
      value: "['', 'encoder', 'encoder.layers.0', 'conv2d_1']",
    }],
  };
  assert.deepEqual(paths({ ...graph, node: [scoped] }), ["Conv encoder.layers.0"]);
});

/** The graph with the scopes that torch's dynamo exporter would note, node by node; "" for none. */
function scoped(text: string, ...modules: string[]): GraphProto {
  const graph = parseGraph(text);
  const node = graph.node.map((node, i) => ({
    ...node,
    metadataProps: modules[i]
      ? [{
        $typeName: "onnx.StringStringEntryProto" as const,
        key: "pkg.torch.onnx.name_scopes",
        value: `['', '${modules[i]}', 'op']`,
      }]
      : [],
  }));
  return { ...graph, node };
}

Deno.test("modulePaths() has no module where torch notes that there is none", () => {
  const noted = "_empty_nn_module_stack_from_metadata_hook";
  assert.deepEqual(paths(scoped("y = Shape(x) @ node_Shape_1", noted)), ["Shape "]);
});

Deno.test("modulePaths() goes by the weights of a Conv that bears the scopes of its BatchNorm", () => {
  const graph = scoped(
    `tensor layer1.0.conv1.weight float32[1] = [1.0]
     tensor layer1.0.conv1.weight_bias float32[1] = [1.0]
     a = Conv(x, layer1.0.conv1.weight, layer1.0.conv1.weight_bias)
     b = Relu(a)`,
    "layer1.0.bn1",
    "layer1.0.relu",
  );
  assert.deepEqual(paths(graph), ["Conv layer1.0.conv1", "Relu layer1.0.relu"]);
  assert.equal(exportedPath(graph.node[0]!), "layer1.0.bn1");
});

Deno.test("modulePaths() keeps the exporter's scopes for shared weights, and around or inside a module", () => {
  const graph = scoped(
    `tensor embed.weight float32[1] = [1.0]
     tensor attn.in_proj_weight float32[1] = [1.0]
     tensor conv.parametrizations.weight.original1 float32[1] = [1.0]
     a = Gather(embed.weight, i)
     b = MatMul(a, embed.weight)
     c = MatMul(b, attn.in_proj_weight)
     d = Conv(c, conv.parametrizations.weight.original1)`,
    "embed",
    "lm_head",
    "attn.query",
    "conv",
  );
  assert.deepEqual(paths(graph), [
    "Gather embed",
    "MatMul lm_head",
    "MatMul attn.query",
    "Conv conv",
  ]);
});

Deno.test("modulePaths() prefers the scopes in a node's name to its weights' names", () => {
  const graph = parseGraph(`
    tensor embedding.weight float32[1] = [1.0]
    y = MatMul(x, embedding.weight) @ /decoder/projection/MatMul
  `);
  assert.deepEqual(paths(graph), ["MatMul decoder.projection"]);
});
