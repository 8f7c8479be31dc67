import assert from "node:assert/strict";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { dynamicInt8 } from "../../lib/quantize/qconfig.ts";

const WEIGHTS = Array.from({ length: 1024 }, (_, i) => `${i % 7}.5`).join(", ");

Deno.test("convert() makes no int8 copy of weights that a Loop is handed to change", () => {
  const text = (kept: string) => `
    input x float32[1, 32]
    output y float32[1, 32]
    output end float32[32, 32]
    tensor steps int64[] = [3]
    tensor go bool[] = [true]
    tensor w float32[32, 32] = [${WEIGHTS}]
    tensor v float32[32, 32] = [${WEIGHTS}]
    first = MatMul(x, ${kept})
    y, end = Loop(steps, go, first, w) {body=graph body {
      input i int64[]; input on bool[]; input h float32[1, 32]; input k float32[32, 32]
      output still bool[]; output next float32[1, 32]; output more float32[32, 32]
      still = Identity(on)
      next = MatMul(h, k)
      more = Add(k, k)
    }}`;
  const mapping = qconfigMapping({ default: dynamicInt8(), onUnsupported: "float32" });
  const shared = convert(parseModel(text("w")), mapping);
  const [row] = shared.plan.rows;
  assert.match(row!.why ?? "", /its weights stay float32 for "y": int8 would be a second copy/);
  assert.ok(!shared.graph.node.some(({ opType }) => opType === "MatMulInteger"));
  const own = convert(parseModel(text("v")), mapping);
  assert.ok(own.graph.node.some(({ opType }) => opType === "MatMulInteger"));
});
