import assert from "node:assert/strict";
import { networkFacts } from "../../lib/cost/network_facts.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

// As many values as the noise says, up to 1,000. onnxruntime seeds a node by its place in the file, and only
// from the second number on is the noise of neighbours another.
const ofRandomLength = (before = "") =>
  parseModel(`
    input x float32[4]
    output y float32[?]
    output z float32[4]
    tensor zero int64[] = [0]
    tensor one int64[] = [1]
    tensor last int64[] = [3]
    ${before}
    r = RandomUniformLike(x) {low=1.0, high=1000.0}
    c = Cast(r) {to=7}
    n = Gather(c, last)
    i = Range(zero, n, one)
    f = Cast(i) {to=1}
    y = Neg(f)
    z = Neg(${before ? "e" : "x"})`);

Deno.test("networkFacts() sees the same shapes, also where noise decides how long values are", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const feeds = { x: float32([4], [1, 2, 3, 4]) };
  const one = await networkFacts(ofRandomLength(), feeds, { runtime });
  const other = await networkFacts(ofRandomLength("d = Neg(x); e = Exp(d)"), feeds, { runtime });
  const [length] = one.shapes.get("y")!.dims;
  assert(length! > 0);
  for (const { shapes, values } of [one, other]) {
    assert.deepEqual(shapes.get("y")!.dims, [length]);
    assert.deepEqual([...values.get("y")!.dims], [length]);
  }
});
