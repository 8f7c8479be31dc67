import assert from "node:assert/strict";
import { kernelsOf } from "../../lib/cost/kernels.ts";
import { Extractor } from "../../lib/onnx/extract.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { decide } from "../../lib/quantize/decide.ts";
import { graphFacts } from "../../lib/quantize/graph_facts.ts";
import { int8Layers, joinByPath, layerName, rewrittenConvs } from "../../lib/quantize/layers.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { nameNodes } from "../../lib/onnx/name_nodes.ts";
import { dynamicInt8, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { layersOf, onlyMovesData } from "../../lib/strategy/search/roundings.ts";
import { elementCount, float32 } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf, runAll } from "./fixture.ts";
import { withOutputs } from "../../lib/onnx/outputs.ts";

const INT8 = qconfigMapping({ default: staticInt8(), onUnsupported: "float32" });

/** A Conv with its Relu, another that can be a matrix product, and a Linear layer with its bias. */
function network(conv2: string): Model {
  return modelOf(
    `graph layers
    input x float32[1, 3, 4, 4]
    output y float32[1, 16]
    c1 = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ /a/conv1/Conv
    r1 = Relu(c1) @ /a/relu1/Relu
    c2 = Conv(r1, w2, b2) {pads=[1, 1, 1, 1]} @ ${conv2}
    r2 = Relu(c2) @ /a/relu2/Relu
    f = Flatten(r2) @ /flatten/Flatten
    m = MatMul(f, w3) @ /head/MatMul
    y = Add(m, b3) @ /head/Add`,
    { w1: [8, 3, 3, 3], b1: [8], w2: [8, 8, 3, 3], b2: [8], w3: [128, 16], b3: [16] },
  );
}

/** What a search calls the layers of a network, those aside that only move data. */
async function searchLayers(model: Model, rewritten: readonly string[]): Promise<Set<string>> {
  const dims = [1, 3, 4, 4];
  const feeds = { x: float32(dims, normal(elementCount(dims), 1)) };
  const names = model.graph.node.flatMap(({ output }) => output);
  const [results] = await runAll(withOutputs(model, names), [feeds]);
  const values = new Map(Object.entries({ ...feeds, ...results }));
  const kernels = kernelsOf(model.graph, new Extractor(model, values), values);
  const products = rewritten.map((node) => ({ node, form: "im2col" as const }));
  const layers = layersOf({
    form: { frames: false, products },
    problem: { kernels },
    network: { model, values },
  });
  return new Set(layers.filter((_, i) => !kernels[i]!.nodes.every(onlyMovesData)));
}

Deno.test("int8Layers() lists what is dynamic in a body, nodes of one name as one", () => {
  const { graph } = modelOf(
    `input x float32[2, 8]
     input c bool[]
     output y float32[2, 8]
     a = If(c) {then_branch=graph t {
       output o float32[2, 8]
       o = MatMul(x, w)
     }, else_branch=graph e {
       output p float32[2, 8]
       h = MatMul(x, w) @ inner
       p = MatMul(h, w) @ inner
     }}
     y = MatMul(a, w) @ last`,
    { w: [8, 8] },
  );
  const dynamic = qconfigMapping({ default: dynamicInt8(), onUnsupported: "float32" });
  assert.deepEqual(int8Layers(decide(graph, dynamic)), [
    { name: "o", path: "", ops: ["MatMul"], nodes: ["o"] },
    { name: "inner", path: "", ops: ["MatMul", "MatMul"], nodes: ["inner", "inner"] },
    { name: "last", path: "", ops: ["MatMul"], nodes: ["last"] },
  ]);
  assert.deepEqual(int8Layers(decide(graph, INT8)).map(({ name }) => name), ["last"]);
});

Deno.test("an ablation and a search name the layers of a network alike", async () => {
  const model = network("/a/conv2/Conv");
  const layers = int8Layers(decide(model.graph, INT8));
  assert.deepEqual(layers.map(({ name }) => name), [
    "/a/conv1/Conv",
    "/a/conv2/Conv",
    "/head/MatMul",
  ]);
  assert.deepEqual(layers[2]!.ops, ["MatMul", "Add"]);
  assert.deepEqual(await searchLayers(model, []), new Set(layers.map(({ name }) => name)));
});

for (const conv2 of ["/a/conv2/Conv", "conv2", "/Conv"]) {
  Deno.test(`layers keep their names where the Conv ${conv2} is written as matrix products`, async () => {
    const model = network(conv2);
    const dims = [1, 3, 4, 4];
    const shapes = await learnShapes(model, { x: float32(dims, normal(48, 1)) });
    const form = "perPosition" as const; // a product for each kind of border
    const lowered = lowerForWasm(model, shapes, {
      convToGemm: { select: ({ name }) => name === conv2, form: () => form },
    });
    const named = lowered.withGraph(nameNodes(lowered.graph));
    const rewritten = rewrittenConvs(model.graph, named.graph);
    assert.deepEqual(rewritten, [conv2]);
    const layers = int8Layers(decide(named.graph, INT8), rewritten);
    assert.deepEqual(layers.map(({ name }) => name), ["/a/conv1/Conv", conv2, "/head/MatMul"]);
    assert.ok(layers[1]!.ops.filter((op) => op === "Gemm").length > 1, `${layers[1]!.ops}`);
    const found = await searchLayers(named, rewritten);
    for (const { name } of layers) assert.ok(found.has(name), `${name} of ${[...found]}`);
    assert.ok([...found].every((name) => !name.includes("Gemm")), `${[...found]}`);
  });
}

for (const up of ["/a/up/ConvTranspose", "up"]) {
  Deno.test(`layers keep their names where the ConvTranspose ${up} is written as its phases`, async () => {
    const model = modelOf(
      `input x float32[1, 3, 4, 4]; output y float32[1, 4, 8, 8]
       a = ConvTranspose(x, w) {strides=[2, 2], pads=[1, 1, 1, 1]} @ ${up}
       b = Relu(a) @ /a/act/Relu
       y = Conv(b, v) @ /a/Conv`,
      { w: [3, 4, 4, 4], v: [4, 4, 1, 1] },
    );
    const shapes = await learnShapes(model, { x: float32([1, 3, 4, 4], normal(48, 1)) });
    const lowered = lowerForWasm(model, shapes, { convTranspose: {}, convToGemm: false });
    const rewritten = rewrittenConvs(model.graph, lowered.graph);
    const layers = int8Layers(decide(lowered.graph, INT8), rewritten);
    assert.deepEqual(layers.map(({ name, ops }) => [name, ops.length]), [[up, 8], ["/a/Conv", 1]]);
    assert.deepEqual(await searchLayers(lowered, rewritten), new Set([up, "/a/Conv"]));
  });
}

Deno.test("layerName() takes what computes, else what has weights, else the first", () => {
  const graph = parseGraph(`graph g
    input x float32[1, 128]
    output y float32[1, 128]
    a = Relu(x) @ relu
    b = Gemm(a, w) @ gemm
    c = Neg(b) @ neg
    y = Gather(table, c) @ gather`);
  const { initializer } = modelOf("graph g\n input x float32[1]\n output x float32[1]", {
    table: [16, 16],
  }).graph;
  const facts = graphFacts({ ...graph, initializer });
  const [relu, gemm, neg, gather] = graph.node;
  assert.equal(layerName([relu!, gemm!, neg!, gather!], facts), "gemm");
  assert.equal(layerName([relu!, neg!, gather!], facts), "gather");
  assert.equal(layerName([relu!, neg!], facts), "relu");
});

Deno.test("layerName() does not take a neighbour of a similar name for a piece", () => {
  const { node } = parseGraph(`graph g
    input x float32[1]
    output e float32[1]
    a = Gemm(x, w) @ conv1_2
    b = Gemm(a, w) @ conv1_Gemm_2
    c = Conv(b, w) @ conv1_Conv
    d = Gemm(c, w) @ conv12_Gemm
    e = Gemm(d, w) @ /b/conv1/Gemm`);
  const facts = graphFacts(parseGraph("graph g\n input x float32[1]\n output x float32[1]"));
  const names = node.map((one) => layerName([one], facts, ["conv1"]));
  assert.deepEqual(names, ["conv1_2", "conv1", "conv1_Conv", "conv12_Gemm", "/b/conv1/Gemm"]);
});

Deno.test("joinByPath() joins the layers of a module, and leaves alone those without a path", () => {
  const layer = (name: string, path: string) => ({ name, path, ops: ["Conv"], nodes: [name] });
  const layers = [layer("a", "t.l1.c1"), layer("b", "t.l1.c2"), layer("c", "t.l2"), layer("d", "")];
  assert.deepEqual(joinByPath(layers, 2).map(({ name, nodes }) => [name, nodes]), [
    ["t.l1", ["a", "b"]],
    ["c", ["c"]],
    ["d", ["d"]],
  ]);
});
