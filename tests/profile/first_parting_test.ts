import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { firstParting } from "../../lib/profile/first_parting.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { RunOptions, Runtime } from "../../lib/runtime/runtime.ts";
import { RuntimeError } from "../../lib/runtime/runtime_errors.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { partingRuntime } from "./parting_runtime.ts";

const model = parseModel(`
  input x float32[2]
  output y float32[2]
  a = Exp(x)
  b = Neg(a)
  y = Abs(b)`);
const feeds = { x: float32([2], [0.5, -1]) };

Deno.test("firstParting() names the first node of another result, and none where all are the same", async () => {
  await using one = openRuntime({ workers: 0 });
  const differsIn = (...names: string[]) =>
    firstParting(model, feeds, [one, partingRuntime(one, names)]);
  assert.deepEqual(await differsIn("y", "b"), {
    model: model.name,
    node: "b",
    opType: "Neg",
    tensor: "b",
  });
  assert.deepEqual(await differsIn("y"), {
    model: model.name,
    node: "y",
    opType: "Abs",
    tensor: "y",
  });
  assert.equal(await differsIn(), undefined);
});

Deno.test("firstParting() looks at what is executed, as it is, and at the model where that is refused", async () => {
  await using one = openRuntime({ workers: 0 });
  const executed = parseModel(`
    input x float32[2]
    output y float32[2]
    fused = Exp(x)
    y = Abs(fused)`);
  const seen: RunOptions["optimization"][] = [];
  const other = (refuse?: Model): Runtime => ({
    ...partingRuntime(one, ["y"]),
    run(which, samples, options) {
      seen.push(options?.optimization);
      if (refuse && which.graph.node.length === refuse.graph.node.length) {
        throw new RuntimeError("Cannot open it: no such operator", which.name);
      }
      return partingRuntime(one, ["y"]).run(which, samples, options);
    },
  });
  const reads: Runtime = { ...partingRuntime(one, []), optimized: () => Promise.resolve(executed) };
  const found = await firstParting(model, feeds, [reads, other()]);
  assert.deepEqual([found?.opType, seen], ["Abs", ["disabled"]]);
  seen.length = 0;
  const refused = await firstParting(model, feeds, [reads, other(executed)]);
  assert.deepEqual([refused?.opType, seen], ["Abs", ["disabled", "all"]]);
});
