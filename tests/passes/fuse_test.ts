import assert from "node:assert/strict";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import { allNodes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { NodeProto } from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import type { Pass } from "../../lib/passes/pass.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";
import { batchNorm, error, modelOf, random, run } from "./fixtures.ts";
import { INPUT_DIMS, randomNet } from "./random_net.ts";

function operators(model: Model): string {
  return Array.from(allNodes(model.graph), ({ opType }) => opType).join(" ");
}

/** Fuses, and checks that the result is the same to rounding. */
async function fuseAndCheck(model: Model, feeds: Feeds) {
  const fused = fuse(model);
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 2e-6);
  return fused;
}

/** A residual block, a BatchNormalization before a ReLU, and a classifier, as PyTorch exports them. */
function residualNet(): Model {
  const bn = (name: string) => `${name}.weight, ${name}.bias, ${name}.mean, ${name}.var`;
  return modelOf(
    `input x float32[N, 3, 8, 8]
     output logits float32[N, 5]
     c = Conv(x, conv1.weight) {pads=[1, 1, 1, 1]} @ /conv1/Conv
     b = BatchNormalization(c, ${bn("bn1")}) @ /bn1/BatchNormalization
     r = Relu(b) @ /relu/Relu
     d = Dropout(r) @ /drop/Dropout
     s = Conv(d, conv2.weight) {pads=[1, 1, 1, 1]} @ /conv2/Conv
     t = BatchNormalization(s, ${bn("bn2")}) @ /bn2/BatchNormalization
     a = Add(t, d) @ /Add
     n = BatchNormalization(a, ${bn("bn3")}) @ /bn3/BatchNormalization
     p = Relu(n) @ /relu_1/Relu
     g = GlobalAveragePool(p) @ /pool/GlobalAveragePool
     f = Flatten(g) @ /Flatten
     perm = Identity(fc.weight)
     w = Transpose(perm) {perm=[1, 0]} @ /fc/Transpose
     m = MatMul(f, w) @ /fc/MatMul
     e = Add(fc.bias, m) @ /fc/Add
     logits = BatchNormalization(e, ${bn("bn4")}) @ /bn4/BatchNormalization`,
    {
      "conv1.weight": random([4, 3, 3, 3], 1),
      "conv2.weight": random([4, 4, 3, 3], 2),
      "fc.weight": random([5, 4], 3),
      "fc.bias": random([5], 4),
      ...batchNorm("bn1", 4, 10),
      ...batchNorm("bn2", 4, 20),
      ...batchNorm("bn3", 4, 30),
      ...batchNorm("bn4", 5, 40),
    },
  );
}

Deno.test("fuse() makes single layers of a residual network and keeps its output", async () => {
  const fused = await fuseAndCheck(residualNet(), { x: random([2, 3, 8, 8], 50) });
  assert.equal(
    operators(fused),
    "Conv Relu Conv Add Mul Add Relu GlobalAveragePool Flatten Gemm",
  );
  assert.equal(fused.graph.initializer.length, 8);
});

Deno.test("fuse() tells which modules run as one, in the words of fuse_modules", () => {
  const { fused } = fuse(residualNet());
  assert.deepEqual(fused.map(({ modules, types, runsAs }) => ({ modules, types, runsAs })), [
    {
      modules: ["conv1", "bn1", "relu"],
      types: ["Conv2d", "BatchNorm2d", "ReLU"],
      runsAs: "Conv + Relu",
    },
    { modules: ["conv2", "bn2"], types: ["Conv2d", "BatchNorm2d"], runsAs: "Conv" },
    { modules: ["bn3", "relu_1"], types: ["BatchNorm2d", "ReLU"], runsAs: "Mul + Add + Relu" },
    { modules: ["fc", "bn4"], types: ["Linear", "BatchNorm1d"], runsAs: "Gemm" },
  ]);
});

Deno.test("a fused model prints its groups, and shows them in a notebook", () => {
  const fused = fuse(residualNet());
  assert.match(String(fused), /^conv2, bn2 +Conv2d \+ BatchNorm2d +Conv$/m);
  assert.match(fused[JUPYTER_DISPLAY]()["text/html"]!, /<td[^>]*>conv1, bn1, relu<\/td>/);
});

Deno.test("fuse() keeps a BatchNormalization that it cannot take in, and says why", () => {
  const { fused } = fuse(modelOf(
    `input x float32[N, 2]; input m float32[2]; output y float32[N, 2]
     y = BatchNormalization(x, s, s, m, s) @ /norm/BatchNormalization`,
    { s: random([2], 1) },
  ));
  assert.deepEqual(fused, [{
    modules: ["norm"],
    types: ["BatchNorm1d"],
    runsAs: "BatchNormalization",
    output: "y",
    why: "its parameters are not constants",
  }]);
});

Deno.test("fuse() finds nothing to do the second time, and then keeps the very bytes", () => {
  const once = fuse(residualNet());
  const twice = fuse(once);
  assert.equal(twice.proto, once.proto);
  assert.equal(twice.bytes(), once.bytes());
  assert.equal(twice.name, once.name);
});

Deno.test("fuse() rewrites the bodies of If and Loop, with constants from outside", async () => {
  const weights = { w: random([2, 2, 1], 1), ...batchNorm("bn", 2, 2) };
  const norm = "bn.weight, bn.bias, bn.mean, bn.var";
  const model = modelOf(
    `input x float32[N, 2, L]
     input turns int64[]
     input flag bool[]
     output y float32[N, 2, L]
     last = Loop(turns, "", x) {body=graph body {
       input i int64[]; input on bool[]; input v float32[N, 2, L]
       output more bool[]; output next float32[N, 2, L]
       more = Identity(on)
       c = Conv(v, w)
       b = BatchNormalization(c, ${norm})
       next = Tanh(b)
     }}
     y = If(flag) {then_branch=graph a {
       output t float32[N, 2, L]
       c = Conv(last, w)
       t = BatchNormalization(c, ${norm})
     }, else_branch=graph b {
       output e float32[N, 2, L]
       c = Conv(last, w)
       b = BatchNormalization(c, ${norm})
       e = Relu(b)
     }}`,
    weights,
  );
  const turns = { type: "int64", dims: [], data: BigInt64Array.of(3n) } as const;
  const x = random([1, 2, 4], 3);
  for (const flag of [0, 1]) {
    const choice = { type: "bool", dims: [], data: Uint8Array.of(flag) } as const;
    const fused = await fuseAndCheck(model, { x, turns, flag: choice });
    assert.equal(operators(fused), "Loop Identity Conv Tanh If Conv Conv Relu");
    assert.equal(fused.fused.length, 3);
  }
});

Deno.test("fuse() makes constants of initializers that an old file lists as inputs", async () => {
  const text = "input x float32[N, 1]; output y float32[N, 1]; tensor w float32[1, 1] = [3.0]";
  const model = modelOf(`${text}; input w float32[1, 1]; a = Identity(w); y = MatMul(x, a)`);
  const old = model.withProto({ ...model.proto, irVersion: 3n });
  const fused = await fuseAndCheck(old, { x: random([2, 1], 1) });
  assert.deepEqual(fused.graph.input.map(({ name }) => name), ["x"]);
  assert.equal(fused.proto.irVersion, 4n);
});

Deno.test("fuse() makes plain initializers of the weights of a recurrent layer", async () => {
  // As torch exports GRU without constant folding: gates cut apart and joined in ONNX's order.
  const hidden = 3;
  const cut = (name: string, from: number) => {
    const parts = ["r", "z", "n"].map((gate, i) =>
      `${name}${gate}: ${name}, ${i * hidden}, ${(i + 1) * hidden}`.split(/[:,] /)
    );
    const slices = parts.map(([target, source, start, end]) =>
      `${target}s = Constant() {value=<int64[1] = [${start}]>}
       ${target}e = Constant() {value=<int64[1] = [${end}]>}
       ${target} = Slice(${source}, ${target}s, ${target}e, zero)`
    );
    return `${slices.join("\n")}
      ${name}all = Concat(${name}z, ${name}r, ${name}n) {axis=0}
      ${name}${from} = Unsqueeze(${name}all, zero)`;
  };
  const model = modelOf(
    `input x float32[T, N, 2]
     output y float32[T, 1, N, 3]
     zero = Constant() {value=<int64[1] = [0]>}
     one = Constant() {value=<int64[1] = [1]>}
     size = Constant() {value=<int64[1] = [3]>}
     ${cut("w", 0)}
     ${cut("u", 0)}
     shape = Shape(x)
     batch = Gather(shape, one)
     state = Concat(one, batch, size) {axis=0}
     h0 = ConstantOfShape(state)
     y, last = GRU(x, w0, u0, "", "", h0) {hidden_size=3, linear_before_reset=1}`,
    { w: random([9, 2], 1), u: random([9, 3], 2) },
  );
  const fused = await fuseAndCheck(model, { x: random([4, 2, 2], 3) });
  assert.equal(operators(fused), "GRU");
  const [gru] = fused.graph.node;
  const names = fused.graph.initializer.map(({ name }) => name);
  assert.deepEqual(gru!.input, ["x", "w0", "u0"]);
  assert.deepEqual(names.sort(), ["u0", "w0"]);
});

Deno.test("fuse() refuses operators that broadcast by the rules before opset 7", () => {
  const old = modelOf("input x float32[1]; output y float32[1]; y = Relu(x)", {}, 6);
  assert.throws(() => fuse(old), /^UserError: Cannot fuse tiny.onnx: it uses opset 6, .* opset 7/);
});

Deno.test("fuse() keeps the outputs of random networks, and has nothing to do the second time", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const model = randomNet(seed);
    const fused = fuse(model);
    const feeds = { x: random(INPUT_DIMS, seed) };
    const difference = error(await run(fused, feeds), await run(model, feeds));
    assert.ok(difference < 2e-5, `seed ${seed}: ${difference}`);
    assert.equal(fuse(fused).proto, fused.proto, `seed ${seed}`);
  }
});

Deno.test("fuse() puts nodes in order first", async () => {
  const { graph } = modelOf("input x float32[2]; output y float32[2]; y = Neg(h); h = Relu(x)");
  const model = modelOf("").withGraph(graph);
  assert.equal(operators(fuse(model)), "Relu Neg");
  await fuseAndCheck(model, { x: random([2], 1) });
});

/** Makes a Mul by two of an Add of a value to itself. */
const doubleToMul: Pass = (graph, { origins, fresh }) => {
  const isDouble = ({ opType, input: [a, b] }: NodeProto) => opType === "Add" && a === b;
  if (!graph.node.some(isDouble)) return graph;
  const two = makeTensorProto(fresh("two"), float32([], [2]));
  const node = graph.node.map((old) => {
    if (!isDouble(old)) return old;
    const mul = { ...old, opType: "Mul", input: [old.input[0]!, two.name] };
    origins.inherit(mul, old);
    return mul;
  });
  return { ...graph, node, initializer: [...graph.initializer, two] };
};

Deno.test("fuse() runs passes of the user's own, and folds what they leave", async () => {
  const model = modelOf(
    `input x float32[N, 2, 4]
     output y float32[N, 3, 4]
     c = Conv(x, w)
     y = Add(c, c)`,
    { w: random([3, 2, 1], 1) },
  );
  assert.equal(operators(fuse(model)), "Conv Add");
  const fused = fuse(model, { passes: [doubleToMul] });
  assert.equal(operators(fused), "Conv");
  const feeds = { x: random([2, 2, 4], 2) };
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 1e-6);
});

Deno.test("fuse() runs passes of the user's own in bodies too", () => {
  const model = modelOf(`
    input c bool[]
    input x float32[N]
    output y float32[N]
    y = If(c) {then_branch=graph {
      output a float32[N]
      a = Add(x, x)
    }, else_branch=graph {
      output b float32[N]
      b = Neg(x)
    }}`);
  assert.equal(operators(fuse(model, { passes: [doubleToMul] })), "If Mul Neg");
});

Deno.test("fuse() refuses a pass that never has nothing to do, by its name", () => {
  const model = modelOf("input x float32[N]; output y float32[N]; y = Relu(x)");
  const copy: Pass = (graph) => ({ ...graph });
  assert.throws(() => fuse(model, { passes: [copy] }), {
    name: "UserError",
    message:
      /^Cannot fuse tiny.onnx: your own passes \(copy\) find something to do again and again/,
  });
});
