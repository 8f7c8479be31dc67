import assert from "node:assert/strict";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { weightOnly } from "../../lib/quantize/qconfig.ts";
import { explainFile, takeNetwork } from "../../lib/quantize/take_network.ts";

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
  const { network, notes: [note] } = takeNetwork(parseModel(STORED));
  assert.deepEqual(network.graph.node.map(({ opType }) => opType), ["MatMul"]);
  assert.match(note!, /is int8 already \(1 layer in its weights alone\): it is read as float32/);
});

Deno.test("explainFile() says in the plan what a layer was in the file", () => {
  const taken = takeNetwork(parseModel(STORED));
  const int8 = convert(fuse(taken.network), qconfigMapping({ default: weightOnly() }));
  const [row] = explainFile(int8, taken).plan.rows;
  assert.match(row!.why, /; in the file: int8 weights$/);
  assert.doesNotMatch(int8.plan.rows[0]!.why, /in the file/);
});
