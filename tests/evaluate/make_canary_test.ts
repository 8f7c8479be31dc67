import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { arrays } from "../../lib/data/arrays.ts";
import { makeCanary } from "../../lib/evaluate/make_canary.ts";
import { testInRuntime } from "../../lib/evaluate/test_in_runtime.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { pacedRuntime } from "../task/tiny.ts";

const runtime = pacedRuntime();

/** y = 2 x, on rows of two numbers. */
function doubling(factor = 2, input = "x"): Model {
  return parseModel(`
    input ${input} float32[N, 2]; output y float32[N, 2]
    tensor w float32[1] = [${factor}]; y = Mul(${input}, w)`);
}

/** Samples of numbers that all differ. */
function rows(count: number, length = 2) {
  const values = Float32Array.from({ length: count * length }, (_, i) => i + 1);
  return arrays({ x: float32([count, length], values) }, { name: "rows.npz" });
}

Deno.test("makeCanary() holds the first four samples, and what the model makes of them", async () => {
  const model = doubling();
  const canary = await makeCanary(model, { runtime, samples: rows(9) });
  assert.equal(canary.samples.length, 4);
  const y = new Float32Array([6, 8]);
  assert.deepEqual(canary.samples[1], {
    inputs: { x: { type: "float32", dims: [1, 2], base64: "AABAQAAAgEA=" } },
    outputs: {
      y: {
        ...{ type: "float32", dims: [1, 2], values: [6, 8] },
        sha256: createHash("sha256").update(new Uint8Array(y.buffer)).digest("hex"),
      },
    },
  });
  assert.equal(canary.model.sha256, await model.hash());
  assert.match(canary.runtime.release, /^\d+\.\d+\.\d+/);
  const jsep = { engine: "Deno 2", release: "1.30.0 from a file", binary: "jsep" } as const;
  const measuredIn = { threads: 2, runtime: jsep };
  const { runtime: named } = await makeCanary(model, { runtime, samples: rows(1), measuredIn });
  assert.deepEqual(named, { ...jsep, release: "1.30.0", threads: 2 });
  const beside = await makeCanary(model, { runtime, samples: rows(1), file: Uint8Array.of(1) });
  assert.deepEqual(beside.model, { name: model.name, bytes: 1 });
});

Deno.test("makeCanary() makes up inputs that all differ, of the shapes that it is told", async () => {
  const model = doubling();
  const canary = await makeCanary(model, { runtime });
  const { x } = canary.samples[0]!.inputs;
  assert.deepEqual(x, { type: "float32", dims: [1, 2], seed: 1, low: 0, high: 1 });
  const hashes = canary.samples.map(({ outputs }) => outputs["y"]!.sha256);
  assert.equal(new Set(hashes).size, 4);
  const inputs = [{ name: "x", type: "float32", dims: [3, 2] }] as const;
  const three = await makeCanary(model, { runtime, inputs });
  assert.deepEqual(three.samples[0]!.outputs["y"]!.dims, [3, 2]);
});

Deno.test("makeCanary() takes fewer samples where they are large, and refuses one that is too large", async () => {
  const model = parseModel("input x float32[N, M]; output y float32[N, M]; y = Relu(x)");
  const two = await makeCanary(model, { runtime, samples: rows(9, 3000) }); // 12,000 bytes each
  assert.equal(two.samples.length, 2);
  await assert.rejects(makeCanary(model, { runtime, samples: rows(9, 7000) }), {
    name: "UserError",
    message: /a sample of rows\.npz takes 28000 bytes, and a canary holds 24576; leave the samples/,
  });
});

Deno.test("makeCanary() refuses what pages could not be told by", async () => {
  const root = parseModel("input x float32[2]; output y float32[2]; y = Sqrt(x)");
  const { samples } = await makeCanary(root, { runtime });
  assert.equal(samples.length, 1); // of the one without negative numbers
  const refuses = async (text: string, message: RegExp) => {
    await assert.rejects(makeCanary(parseModel(text), { runtime }), { name: "UserError", message });
  };
  await refuses(
    "input x float32[2]; output y float32[2]; tensor c float32[1] = [-9]; m = Add(x, c); y = Sqrt(m)",
    /it makes NaN of every sample; give samples of which/,
  );
  await refuses(
    "input x float32[2]; output y float32[2]; tensor c float32[1] = [-9]; m = Add(x, c); y = Relu(m)",
    /it gives the same for all 4 samples/,
  );
  await refuses("input x int64[2]; output y int64[2]; y = Abs(x)", /Cannot make up inputs/);
  await refuses(
    "input x string[2]; output y string[2]; y = Identity(x)",
    /its "x" is string, which pages have no numbers for/,
  );
});

Deno.test("testInRuntime() is green for the model of a canary, and red for another", async () => {
  const canary = await makeCanary(doubling(), { runtime, samples: rows(2) });
  const found = (model: Model) => testInRuntime(model, canary, { runtime, file: model.bytes() });
  assert.ok((await found(doubling())).same);
  assert.match((await found(doubling(2.5))).text, /with 12 dB .* it has other bytes\.$/);
  assert.match((await found(doubling(2, "z"))).text, /its inputs are "z"/);
});
