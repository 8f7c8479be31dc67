import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { measureNoise } from "../../lib/replay/measure_noise.ts";
import { Replay, type Variant } from "../../lib/replay/replay.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

const model = (y: string, z: string) =>
  modelOf(`graph g
    input x float32[N, 2]
    output y float32[N, 2]
    output z float32[N, 2]
    h = Abs(x)
    y = ${y}
    z = ${z}`);

const base = model("Neg(h)", "Abs(h)");
const data = arrays({ x: float32([2, 2], [3, 4, 6, 8]) }, { name: "pairs" });

/** Noise of variants by key; the message of those that fail. */
async function noises(variants: readonly Variant[], outputs = ["y", "z"], maxBytes = 1e6) {
  const replay = await Replay.open(base, data, runtime, { maxBytes });
  const found = new Map<string, readonly number[] | string>();
  for await (
    const { variant, noise, error } of measureNoise(replay, [0, 1], variants, outputs)
  ) {
    assert.ok(!found.has(variant.key), "each once");
    found.set(variant.key, noise ?? error!.message);
  }
  return found;
}

Deno.test("measureNoise() gives noise over signal at each output, 0 where nothing changed", async () => {
  // y becomes its opposite: an error of twice its size, of 4 times its power.
  const found = await noises([
    { key: "y", make: () => model("Abs(h)", "Abs(h)") },
    { key: "z", make: () => model("Neg(h)", "Neg(h)") },
    { key: "none", make: () => model("Neg(h)", "Abs(h)") },
  ]);
  assert.deepEqual(found, new Map([["none", [0, 0]], ["y", [4, 0]], ["z", [0, 4]]]));
});

Deno.test("measureNoise() takes the geometric mean over samples, in parts where memory is short", async () => {
  // Neg of [3, 4] and of [6, 8] against -3: errors (0, 1) of power 25, and (3, 5) of power 100.
  const clipped = { key: "clip", make: () => model("Max(n, c)", "Abs(h)") };
  const constant = modelOf(
    `graph g
    input x float32[N, 2]
    output y float32[N, 2]
    output z float32[N, 2]
    h = Abs(x)
    n = Neg(h)
    y = Max(n, c)
    z = Abs(h)`,
    { c: float32([1], [-3]) },
  );
  const expected = Math.sqrt((1 / 25) * (34 / 100));
  for (const maxBytes of [1e6, 1]) {
    const found = await noises([{ ...clipped, make: () => constant }], ["z", "y"], maxBytes);
    const [z, y] = found.get("clip") as number[];
    assert.equal(z, 0);
    assert.ok(Math.abs(y! / expected - 1) < 1e-12, `${y}`);
  }
});

Deno.test("measureNoise() tells once why a variant failed, and of no number what is not one", async () => {
  const fails = (key: string, make: Variant["make"]) => ({ key, make });
  const found = await noises(
    [
      fails("thrown", () => {
        throw new Error("No such layer");
      }),
      fails("infinite", () => model("Log(d)", "Abs(h)")),
      fails("nan", () => nan),
      fails("fine", () => model("Abs(h)", "Abs(h)")),
    ],
    ["y", "z"],
    1,
  );
  assert.equal(found.get("thrown"), "No such layer");
  assert.match(found.get("infinite") as string, /./, "it reads what is not there");
  assert.match(found.get("nan") as string, /Output "y" is not finite/);
  assert.deepEqual(found.get("fine"), [4, 0]);
});

/** In which y is the square root of what is below 0. */
const nan = modelOf(`graph g
  input x float32[N, 2]
  output y float32[N, 2]
  output z float32[N, 2]
  h = Abs(x)
  n = Neg(h)
  y = Sqrt(n)
  z = Abs(h)`);
