import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { type Dataset, slice } from "../../lib/data/dataset.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { runDataset } from "../../lib/runtime/run_dataset.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "./models.ts";

/** Adds up what it is fed: s_out = s + x; y = 2 s_out. */
const summing = modelOf(
  `input x float32[1]; input s float32[1]; output y float32[1]; output s_out float32[1]
   s_out = Add(s, x); y = Add(s_out, s_out)`,
  "summing.onnx",
);

/** 1, 2, 3, ... */
function numbers(n: number): Dataset {
  const x = float32([n], Array.from({ length: n }, (_, i) => i + 1));
  return arrays({ x }, { name: "numbers" });
}

function sums(n: number, lengths: number[], state: Record<string, string> = { s_out: "s" }) {
  return stateful(numbers(n), { state, lengths, inputs: valueTypes(summing.graph).inputs });
}

async function run(runtime: Runtime, data: Dataset, model: Model = summing) {
  const runs = await Array.fromAsync(runDataset(runtime, model, data, { outputs: ["y"] }));
  return runs.map(({ feeds, results }) => ({
    s: feeds.s!.data[0],
    y: results.y!.data[0],
  }));
}

Deno.test("runDataset() feeds the state back and begins anew with each sequence", async () => {
  const expected = [
    { s: 0, y: 2 },
    { s: 1, y: 6 },
    { s: 3, y: 12 },
    { s: 0, y: 8 },
    { s: 4, y: 18 },
  ];
  await using here = openRuntime({ workers: 0 });
  assert.deepEqual(await run(here, sums(5, [3, 2])), expected);
  await using runtime = openRuntime({ workers: 2 });
  assert.deepEqual(await run(runtime, sums(5, [3, 2])), expected);
  assert.deepEqual(await run(runtime, slice(sums(5, [3, 2]), 1, 3)), [{ s: 0, y: 4 }, {
    s: 2,
    y: 10,
  }]);
});

Deno.test("runDataset() runs samples without a state in order, with what they were fed", async () => {
  const data = arrays({
    x: float32([40], Array.from({ length: 40 }, (_, i) => i)),
    s: float32([40], new Float32Array(40)),
  });
  await using runtime = openRuntime({ workers: 2 });
  const runs = await Array.fromAsync(runDataset(runtime, summing, data));
  assert.equal(runs.length, 40);
  runs.forEach(({ feeds, results }, i) => {
    assert.deepEqual([feeds.x!.data[0], results.y!.data[0]], [i, 2 * i]);
  });
});

Deno.test("runDataset() refuses a state that the model does not have, or that does not fit", async () => {
  const other = modelOf(
    `input x float32[1]; input s float32[1]; input n int64[1]; output y float32[1]
     output pair float32[2]; y = Add(x, s); pair = Concat(x, s) {axis=0}`,
    "other.onnx",
  );
  await using runtime = openRuntime({ workers: 1 });
  const refuse = (state: Record<string, string>, message: string) => {
    const initial = { s: float32([1], [0]), t: float32([1], [0]), n: float32([1], [0]) };
    const data = stateful(numbers(2), { state, initial });
    return assert.rejects(run(runtime, data, other), { name: "UserError", message });
  };
  const what = "Cannot run other.onnx on the stream numbers: ";
  await refuse(
    { s_out: "s" },
    what + 'it has no output "s_out" to feed back; it has "y", "pair"',
  );
  await refuse(
    { y: "t" },
    what + 'it has no input "t" to feed back; did you mean "n"?',
  );
  await refuse(
    { pair: "s" },
    what +
      "output pair float32 [2] does not fit input s float32 [1], to which it is to be fed back",
  );
  await refuse(
    { y: "n" },
    what + "output y float32 [1] does not fit input n int64 [1], to which it is to be fed back",
  );
});

Deno.test("runDataset() names the sample that does not fit", async () => {
  const samples = [1, 2].map((n) => ({
    x: float32([n], new Float32Array(n)),
    s: float32([1], [0]),
  }));
  await using here = openRuntime({ workers: 0 });
  const runs = () => Array.fromAsync(runDataset(here, summing, samples));
  await assert.rejects(runs, {
    name: "UserError",
    message: /input "x" has shape \[2\].*sample 1\)/s,
  });

  await using runtime = openRuntime({ workers: 1 });
  const shapes = arrays([...samples.slice(0, 1), ...samples], { name: "ragged" });
  const stream = stateful(shapes, { state: { s_out: "s" } });
  await assert.rejects(run(runtime, stream), {
    message: /input "x" has shape \[2\].*\(sample 2\)/s,
  });
});
