import assert from "node:assert/strict";
import { originsOf } from "../../lib/profile/executed.ts";
import type { GraphProto } from "../../lib/onnx/onnx_pb.ts";
import { parseGraph } from "../../lib/onnx/text.ts";

/** For each executed node, by its output: the node that it stands for, and the operators it covers. */
function ledBack(graph: GraphProto, optimized: GraphProto) {
  const origins = originsOf(graph, optimized);
  return Object.fromEntries(optimized.node.map((node) => {
    const { original, covers } = origins.get(node)!;
    return [node.output[0]!, [
      original?.name ?? null,
      covers.map(({ opType }) => opType).join(" "),
    ]];
  }));
}

/** Node names as the parser has none: each is called like its operator and first output. */
function named(text: string): GraphProto {
  const graph = parseGraph(text);
  const node = graph.node.map((one) => ({ ...one, name: `${one.opType}_${one.output[0]}` }));
  return { ...graph, node };
}

function rename(graph: GraphProto, names: Readonly<Record<string, string>>): GraphProto {
  const node = graph.node.map((one) => ({ ...one, name: names[one.output[0]!] ?? one.name }));
  return { ...graph, node };
}

const conv = `
  input x float32[1, 2, 4, 4]
  output y float32[1, 2, 4, 4]
  tensor w float32[2, 2, 1, 1] = [1.0, 0.0, 0.0, 1.0]
  tensor half float32[] = [0.5]
  tensor doubled float32[] = [1.0]`;

Deno.test("originsOf() gives a fused node what stands between the tensors that survive", () => {
  const model = named(`${conv}
    twice = Add(half, half)
    c = Conv(x, w)
    s = Mul(c, twice)
    r = Relu(s)
    y = Abs(r)`);
  const optimized = rename(
    named(`${conv}
    r = Conv(x, w)
    y = Abs(r)`),
    { r: "Conv_c_token_7" },
  );
  assert.deepEqual(ledBack(model, optimized), {
    r: ["Conv_c", "Conv Mul Relu"], // but not the Add, which makes a constant
    y: ["Abs_y", "Abs"],
  });
});

Deno.test("originsOf() gives each node of the model to one executed node, whatever was renamed", () => {
  // As int8 Convs with channels last: the tensors between them have names of the runtime's own.
  const model = named(`${conv}
    c = Conv(x, w)
    r = Relu(c)
    d = Conv(r, w)
    y = Relu(d)`);
  const optimized = rename(
    named(`${conv}
    t = Transpose(x) {perm=[0, 2, 3, 1]}
    one = Conv(t, w)
    two = Conv(one, w)
    y = Transpose(two) {perm=[0, 3, 1, 2]}`),
    {
      one: "Conv_c_token_3",
      two: "Conv_d_token_5",
      t: "Transpose",
      y: "Transpose_token_9",
    },
  );
  assert.deepEqual(ledBack(model, optimized), {
    t: [null, ""],
    one: ["Conv_c", "Conv Relu"],
    two: ["Conv_d", "Conv Relu"],
    y: [null, ""],
  });
});

Deno.test("originsOf() finds what a fusion renamed, by the name before the slash", () => {
  const model = named(`${conv}
    m = MatMul(x, x)
    y = Add(m, half)`);
  const optimized = rename(
    named(`${conv}
    y = Gemm(x, x, half)`),
    { y: "MatMul_m/MatMulAddFusion" },
  );
  assert.deepEqual(ledBack(model, optimized), { y: ["MatMul_m", "MatMul Add"] });
});

Deno.test("originsOf() goes into bodies", () => {
  const text = `
    input go bool[]
    input x float32[2]
    output y float32[2]
    y = If(go) {then_branch=graph then {
      output p float32[2]
      p = Abs(x)
    }, else_branch=graph else {
      output q float32[2]
      q = Neg(x)
    }}`;
  const [model, optimized] = [parseGraph(text), parseGraph(text)];
  const origins = originsOf(model, optimized);
  const originals = [...origins.values()].map(({ original }) => original?.opType);
  assert.deepEqual(originals, ["If", "Abs", "Neg"]);
});
