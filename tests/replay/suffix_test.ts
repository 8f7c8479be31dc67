import assert from "node:assert/strict";
import { parseGraph } from "../../lib/onnx/text.ts";
import { suffixOf } from "../../lib/replay/suffix.ts";

Deno.test("suffixOf() runs nothing of a network in which nothing changed", () => {
  const graph = () => parseGraph("graph g\n input x float32[1]\n output y float32[1]\n y = Exp(x)");
  const { nodes, outputs } = suffixOf(graph(), graph(), () => true);
  assert.deepEqual([nodes, outputs], [[], []]);
});

Deno.test("suffixOf() runs again what makes a value that cannot be cut", () => {
  const net = (op: string) =>
    parseGraph(`graph g
      input x float32[1]
      output c float32[1]
      a = Exp(x)
      b = Neg(a)
      c = ${op}(b)`);
  const { nodes, reads } = suffixOf(net("Abs"), net("Sqrt"), (name) => name === "a");
  assert.deepEqual(nodes.map(({ opType }) => opType), ["Neg", "Sqrt"]);
  assert.deepEqual(reads, ["a"]);
});

Deno.test("suffixOf() sees a constant that changed", () => {
  const net = (value: number) =>
    parseGraph(`graph g
      input x float32[1]
      output c float32[1]
      w = Constant() {value_float=${value}.5}
      a = Exp(x)
      c = Mul(a, w)`);
  const { nodes } = suffixOf(net(1), net(2), (name) => name === "a");
  assert.deepEqual(nodes.map(({ opType }) => opType), ["Constant", "Mul"]);
});

Deno.test("suffixOf() reads each value once, and brings the constants of what runs alone", () => {
  const net = (op: string) =>
    parseGraph(`graph g
      input x float32[1]
      output d float32[1]
      v = Constant() {value_float=1.5}
      w = Constant() {value_float=2.5}
      a = Mul(x, v)
      b = ${op}(a)
      c = Add(a, w)
      d = Mul(b, c)`);
  const { nodes, reads, outputs } = suffixOf(net("Abs"), net("Neg"), () => true);
  assert.deepEqual(nodes.map(({ opType }) => opType), ["Neg", "Mul"]);
  assert.deepEqual(reads, ["a", "c"]);
  assert.deepEqual(outputs, ["d"]);
});

Deno.test("suffixOf() gives the outputs that changed, and leaves the others to the base", () => {
  const net = (op: string) =>
    parseGraph(`graph g
      input x float32[1]
      output y float32[1]
      output z float32[1]
      y = Abs(x)
      z = ${op}(x)`);
  const { nodes, outputs } = suffixOf(net("Exp"), net("Neg"), () => true);
  assert.deepEqual([nodes.length, outputs], [1, ["z"]]);
});

Deno.test("suffixOf() knows a node by what it does, not by its name", () => {
  const net = (name: string) =>
    parseGraph(`graph g
      input x float32[1]
      output y float32[1]
      y = Abs(x) @ ${name}`);
  assert.deepEqual(suffixOf(net("one"), net("other"), () => true).nodes, []);
});

Deno.test("suffixOf() runs a node again whose input has another maker under the same name", () => {
  const base = parseGraph(`graph g
    input x float32[1]
    output y float32[1]
    a = Exp(x)
    y = Abs(a)`);
  const changed = parseGraph(`graph g
    input x float32[1]
    output y float32[1]
    b = Exp(x)
    a = Sum(b)
    y = Abs(a)`);
  const { nodes, reads } = suffixOf(base, changed, () => true);
  // `b` is not known of the base, so that its Exp runs too.
  assert.deepEqual(nodes.map(({ opType }) => opType), ["Exp", "Sum", "Abs"]);
  assert.deepEqual(reads, ["x"]);
});
