import assert from "node:assert/strict";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { randomNodes } from "../../lib/passes/freeze_random.ts";
import { tap } from "../../lib/quantize/prepare.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

Deno.test("a random network is calibrated on the same noise each time, and stays random itself", async () => {
  const model = parseModel(`
    input x float32[N, 50]
    output y float32[N, 50]
    noise = RandomNormalLike(x)
    y = Add(x, noise)`);
  const watched = tap(model, ["y"]);
  const samples = [{ x: float32([1, 50], new Float32Array(50)) }];
  const range = async () => {
    const { min, max } = (await calibrate(watched, samples)).statistics.get("y")!;
    assert(min < -1 && max > 1, `${min} to ${max}: 50 normal numbers`);
    return [min, max];
  };
  assert.deepEqual(await range(), await range());
  assert.equal(randomNodes(model).length, 1);
});
