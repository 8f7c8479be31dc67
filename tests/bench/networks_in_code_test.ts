import assert from "node:assert/strict";
import { noise } from "../../lib/data/noise.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { mobilenetV2 } from "../../scripts/bench/mobilenet_v2.ts";
import { resnet18 } from "../../scripts/bench/resnet18.ts";
import { fourConvs, mishNet, softplusNet } from "../../scripts/bench/small_nets.ts";

Deno.test("the bench's networks run at any size, with the shapes they promise, and no value overflows", async () => {
  const [side, width] = [33, 2];
  for (const network of [resnet18, mobilenetV2, fourConvs, mishNet, softplusNet]) {
    const model = network({ side, width });
    const { inputs, outputs } = valueTypes(model.graph);
    const session = await openSession(model);
    try {
      const results = await session.run(noise(inputs, model.name));
      const { dims, data } = results[outputs[0]!.name]!;
      assert.deepEqual(dims, outputs[0]!.dims, model.name);
      assert.ok((data as Float32Array).every((value) => Math.abs(value) < 1e3), model.name);
      assert.ok((data as Float32Array).some((value) => Math.abs(value) > 1e-3), model.name);
    } finally {
      await session.release();
    }
  }
});
