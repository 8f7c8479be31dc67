import assert from "node:assert/strict";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { weightOnly } from "../../lib/quantize/qconfig.ts";
import { explainFile, givenOf, takeNetwork } from "../../lib/quantize/take_network.ts";

const STORED = `
  input x float32[N, 16]
  output y float32[N, 16]
  tensor q int8[16, 16] = [${Array.from({ length: 256 }, (_, i) => i % 100 - 50)}]
  tensor s float32[] = [0.5]
  w = DequantizeLinear(q, s)
  y = MatMul(x, w) @ /head/MatMul`;

Deno.test("takeNetwork() leaves a float32 network as it is, and has nothing to say", () => {
  const model = parseModel(`
    input x float32[N, 2]
    output y float32[N, 2]
    y = Relu(x)`);
  const { network, undone, notes } = takeNetwork(model);
  assert.equal(network, model);
  assert.deepEqual([undone, notes], [undefined, []]);
});

Deno.test("takeNetwork() reads a file with stored integers as float32, and says how it was int8", () => {
  const { network, given, notes } = takeNetwork(parseModel(STORED));
  assert.deepEqual(network.graph.node.map(({ opType }) => opType), ["MatMul"]);
  assert.match(
    notes[0]!,
    /is int8 already \(1 layer in its weights alone\): it is read as float32/,
  );
  assert.match(notes[1]!, /^Where the float32 network that it was made from is at hand, start/);
  assert.deepEqual(given, {
    ...{ form: "int8", layers: "1 layer in its weights alone", about: notes.slice(0, 1) },
  });
});

Deno.test("givenOf() counts layers with weights, and knows a file of which nothing can be read", () => {
  const pooled = parseModel(`
    input x float32[N, 1, 8, 8]
    output y float32[N, 1, 4, 4]
    tensor s float32[] = [0.5]
    tensor z uint8[] = [3]
    tensor w int8[1, 1, 1, 1] = [7]
    tensor wz int8[] = [0]
    q = QuantizeLinear(x, s, z); a = DequantizeLinear(q, s, z); v = DequantizeLinear(w, s, wz)
    c = Conv(a, v); cq = QuantizeLinear(c, s, z); cd = DequantizeLinear(cq, s, z)
    p = MaxPool(cd) {kernel_shape=[2, 2], strides=[2, 2]}
    pq = QuantizeLinear(p, s, z); y = DequantizeLinear(pq, s, z)`);
  assert.deepEqual(givenOf(pooled), { form: "int8", layers: "1 layer static" });
  const unreadable = parseModel(`
    input x float32[2, 2]; input s float32[]
    output y float32[2, 2]
    tensor z uint8[] = [3]; tensor w uint8[2, 2] = [1, 2, 3, 4]
    q = QuantizeLinear(x, s, z)
    p = QLinearMatMul(q, s, z, w, s, z, s, z)
    y = DequantizeLinear(p, s, z)`);
  assert.deepEqual(givenOf(unreadable), { form: "int8" });
  assert.equal(
    givenOf(parseModel("input x float32[N]; output y float32[N]; y = Relu(x)")),
    undefined,
  );
});

Deno.test("explainFile() says in the plan what a layer was in the file", () => {
  const taken = takeNetwork(parseModel(STORED));
  const int8 = convert(fuse(taken.network), qconfigMapping({ default: weightOnly() }));
  const [row] = explainFile(int8, taken).plan.rows;
  assert.match(row!.why, /; in the file: int8 weights$/);
  assert.doesNotMatch(int8.plan.rows[0]!.why, /in the file/);
});
