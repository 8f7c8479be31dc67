import assert from "node:assert/strict";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { modulePaths } from "../../lib/onnx/module_path.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { lipNet, lipNetClips } from "../../scripts/bench/lip_net.ts";

Deno.test("lipNet() runs, with the shapes it promises and the module paths of its layers", async () => {
  const model = lipNet({ width: 2, hidden: 3, words: 5 });
  assert.deepEqual(valueTypes(model.graph).outputs[0]?.dims, ["N", 5]);
  const paths = new Set(modulePaths(model.graph).values());
  for (const path of ["front3D.0", "trunk.layer2.0.downsample.1", "gru", "classifier"]) {
    assert.ok(paths.has(path), path);
  }
  const session = await openSession(model);
  try {
    const { logits } = await session.run(lipNetClips(1)[0]!);
    assert.deepEqual(logits?.dims, [1, 5]);
    assert.ok((logits.data as Float32Array).every(Number.isFinite));
  } finally {
    await session.release();
  }
});

Deno.test("lipNet() is the same for the same seed", async () => {
  const size = { width: 1, hidden: 1, words: 2 };
  assert.equal(await lipNet(size).hash(), await lipNet(size).hash());
  assert.notEqual(await lipNet(size).hash(), await lipNet({ ...size, seed: 3 }).hash());
});
