import assert from "node:assert/strict";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { inlineBranches } from "../../lib/passes/inline_branches.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

const HEAD = "graph g\ninput x float32[2]\noutput y float32[2]\n";
const YES = "tensor yes bool[1] = [true]\n";

function inlined(text: string): string[] {
  const graph = inlineBranches(parseGraph(HEAD + YES + text));
  return printGraph({ ...graph, input: [], output: [] }).trimEnd().split("\n").slice(2);
}

Deno.test("inlineBranches() puts the branch that is taken in the place of its If", () => {
  const text = (condition: string) =>
    `tensor two float32[1] = [2.0]
    no = Not(yes)
    y = If(${condition}) {
      then_branch=graph a { output r float32[2]; tensor k float32[1] = [3.0]; h = Mul(x, k) @ /a/Mul; r = Relu(h) },
      else_branch=graph b { output r float32[2]; r = Add(x, two) @ /b/Add }
    }`;
  assert.deepEqual(inlined(text("yes")), [
    "tensor two float32[1] = [2.0]",
    "tensor k float32[1] = [3.0]",
    "no = Not(yes)",
    "h = Mul(x, k) @ /a/Mul",
    "y = Relu(h)",
  ]);
  assert.deepEqual(inlined(text("no")), [
    "tensor two float32[1] = [2.0]",
    "no = Not(yes)",
    "y = Add(x, two) @ /b/Add",
  ]);
});

Deno.test("inlineBranches() tells apart what two branches call by one name", () => {
  const branch = "then_branch=graph a { output r float32[2]; h = Relu(x); r = Neg(h) }";
  assert.deepEqual(inlined(`m = If(yes) {${branch}}; n = If(yes) {${branch}}; y = Add(m, n)`), [
    "h_1 = Relu(x)",
    "m = Neg(h_1)",
    "h_2 = Relu(x)",
    "n = Neg(h_2)",
    "y = Add(m, n)",
  ]);
});

Deno.test("inlineBranches() copies what a branch only passes on", () => {
  const text =
    "a, b, y = If(yes) {then_branch=graph t { output x float32[2]; output k float32[1]; " +
    "output k float32[1]; tensor k float32[1] = [1.0] }} @ n";
  assert.deepEqual(inlined(text), [
    "tensor k float32[1] = [1.0]",
    "a = Identity(x) @ n",
    "b = Identity(k) @ n",
    "y = Identity(k) @ n",
  ]);
});

Deno.test("inlineBranches() goes into branches and bodies, and looks out of them", () => {
  const inner = "then_branch=graph t { output r float32[2]; r = Relu(x) }";
  assert.deepEqual(
    inlined(`y = If(yes) {then_branch=graph o { output q float32[2]; q = If(yes) {${inner}} }}`),
    ["y = Relu(x)"],
  );
  const loop = inlined(
    `y = Loop(n, yes, x) {body=graph b { input i int64[]; input go bool[]; ` +
      `input s float32[2]; output go bool[]; output r float32[2]; ` +
      `r = If(yes) {then_branch=graph t { output u float32[2]; u = Relu(s) }} }}`,
  );
  assert.match(loop.join("\n"), /\n {2}r = Relu\(s\)\n/);
});

Deno.test("inlineBranches() leaves an If whose condition a network computes, or a body hides", () => {
  const open = [
    "y = If(c) {then_branch=graph t { output r float32[2]; r = Relu(x) }}",
    "s = ReduceSum(x); c = Cast(s) {to=9}; y = If(c) {then_branch=graph t { output r float32[2]; r = Relu(x) }}",
    "y = Loop(n, yes, x) {body=graph b { input i int64[]; input yes bool[]; input s float32[2]; " +
    "output yes bool[]; output r float32[2]; r = If(yes) {then_branch=graph t { output u float32[2]; u = Relu(s) }} }}",
  ];
  for (const text of open) {
    const graph = parseGraph(HEAD + YES + text);
    assert.equal(inlineBranches(graph), graph, text);
  }
});

Deno.test("inlineBranches() computes each value once, however many ways lead to a condition", () => {
  const one = "tensor a0 float32[1] = [1.0]; tensor most float32[1] = [1e30]\n";
  const doubled = Array.from({ length: 60 }, (_, i) => `a${i + 1} = Add(a${i}, a${i})`).join("; ");
  const branch = "then_branch=graph t { output r float32[2]; r = Relu(x) }";
  const lines = inlined(`${one}${doubled}; c = Less(a60, most); y = If(c) {${branch}}`);
  assert.equal(lines.at(-1), "y = Relu(x)");
});

Deno.test("inlineBranches() goes a hundred nodes back from a condition, also past what it has met", () => {
  const one = "tensor a0 bool[1] = [true]\n";
  const chain = (length: number) =>
    Array.from({ length }, (_, i) => `a${i + 1} = Identity(a${i})`).join("; ");
  const taken = (name: string) =>
    `If(${name}) {then_branch=graph t${name} { output r${name} float32[2]; r${name} = Neg(x) }}`;
  const far = inlined(`${one}${chain(101)}; b = ${taken("a60")}; y = ${taken("a101")}`);
  assert.ok(far.includes("b = Neg(x)"));
  assert.ok(!far.includes("y = Neg(x)"));
  assert.ok(inlined(`${one}${chain(100)}; y = ${taken("a100")}`).includes("y = Neg(x)"));
});

Deno.test("fuse() takes the branch of a computed constant, and the runtime gives the same", async () => {
  const model = parseModel(`${HEAD}
    tensor rate int64[] = [16000]
    tensor w float32[2, 2] = [1.0, -2.0, 3.0, 0.5]
    tensor high int64[] = [16000]
    c = Equal(rate, high)
    y = If(c) {
      then_branch=graph a { output r float32[2]; h = MatMul(x, w); r = Relu(h) },
      else_branch=graph b { output r float32[2]; r = Neg(x) }
    }`);
  const fused = fuse(model);
  assert.deepEqual(fused.graph.node.map(({ opType }) => opType), ["MatMul", "Relu"]);
  const results = [];
  for (const one of [model, fused]) {
    const session = await openSession(one);
    results.push((await session.run({ x: float32([2], [1, -1]) })).y);
    await session.release();
  }
  assert.deepEqual(results[1], results[0]);
});
