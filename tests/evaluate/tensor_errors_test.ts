import assert from "node:assert/strict";
import { tensorErrorsOf, tensorPairs } from "../../lib/evaluate/tensor_errors.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { RunOptions, Runtime } from "../../lib/runtime/runtime.ts";
import { type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../runtime/models.ts";

/** y = 2 x. */
const net = modelOf(
  `input x float32[2]
   output y float32[2]
   tensor two float32[1] = [2.0]
   y = Mul(x, two)`,
  "net.onnx",
);

/** The same with x held as uint8 at steps of 1, y as int8 at steps of 0.5. */
const int8 = modelOf(
  `input x float32[2]
   output y float32[2]
   tensor two float32[1] = [2.0]
   tensor s1 float32[] = [1.0]
   tensor z1 uint8[] = [0]
   tensor s2 float32[] = [0.5]
   tensor z2 int8[] = [0]
   x_quantized = QuantizeLinear(x, s1, z1)
   x_dequantized = DequantizeLinear(x_quantized, s1, z1)
   m = Mul(x_dequantized, two)
   y_quantized = QuantizeLinear(m, s2, z2)
   y = DequantizeLinear(y_quantized, s2, z2)`,
  "int8.onnx",
);

/** Runs networks that are functions of x, and remembers what it was asked for. */
function runtimeOf(results: (x: readonly number[]) => Record<string, readonly number[]>) {
  const asked: string[][] = [];
  let closed = 0;
  const runtime = {
    async *run(_: Model, samples: Iterable<Feeds>, { outputs = [] }: RunOptions = {}) {
      asked.push([...outputs]);
      try {
        for (const { x } of samples) {
          const all = results([...x!.data as Float32Array]);
          yield Object.fromEntries(
            outputs.map((name) => [name, float32([all[name]!.length], all[name]!)]),
          ) as Record<string, Tensor>;
        }
      } finally {
        closed++;
      }
    },
  } as Partial<Runtime> as Runtime;
  return { runtime, asked, closed: () => closed };
}

const feeds = (...values: number[]): Feeds => ({ x: float32([values.length], values) });
const isAbout = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs(actual! - expected) < 1e-6, `${actual}, not ${expected}`);

Deno.test("tensorErrorsOf() tells a tensor's own rounding from what has built up", async () => {
  const { runtime } = runtimeOf(([a, b]) => ({
    y: [2 * Math.round(a!), 2 * Math.round(b!)], // of the quantized network
    x_dequantized: [Math.round(a!), Math.round(b!)],
  }));
  // Both networks give y here: only that of float32 must be exact.
  const exact = { ...runtime } as Runtime;
  exact.run =
    ((model: Model, samples: Iterable<Feeds>, options: RunOptions) =>
      model.name === "net.onnx"
        ? runtimeOf(([a, b]) => ({ y: [2 * a!, 2 * b!] })).runtime.run(
          model,
          samples as never,
          options,
        )
        : runtime.run(model, samples as never, options)) as Runtime["run"];
  const errors = await tensorErrorsOf(net, int8, [feeds(3, 4.25)], { runtime: exact });
  // x: signal 9 + 18.0625, noise 0.25^2; what stands for it in the other network is the same.
  isAbout(errors.get("x")!.own, 10 * Math.log10(27.0625 / 0.0625));
  isAbout(errors.get("x")!.accumulated, 10 * Math.log10(27.0625 / 0.0625));
  // y = (6, 8.5) lies on its own grid, but comes out as (6, 8).
  assert.equal(errors.get("y")!.own, 150);
  isAbout(errors.get("y")!.accumulated, 10 * Math.log10((36 + 72.25) / 0.25));
});

Deno.test("tensorErrorsOf() clamps int8 at -128, and tells nothing of what is only zeros", async () => {
  const { runtime } = runtimeOf(([a, b]) => ({ y: [a!, b!], x_dequantized: [a!, b!] }));
  const errors = await tensorErrorsOf(net, int8, [feeds(-65, 0)], { runtime });
  // The grid of y ends at -64.
  isAbout(errors.get("y")!.own, 10 * Math.log10(65 * 65));
  const zeros = await tensorErrorsOf(net, int8, [feeds(0, 0)], { runtime });
  assert.deepEqual(zeros.get("y"), {});
});

Deno.test("tensorPairs() takes inputs from the samples, and asks for the rest by name", async () => {
  const { runtime, asked } = runtimeOf(([a]) => ({ y: [2 * a!], x_dequantized: [a!] }));
  const names = new Map([["x", "x_dequantized"], ["y", "y"]]);
  const pairs = await Array.fromAsync(
    tensorPairs(net, int8, names, [feeds(1), feeds(5)], { runtime }),
  );
  assert.deepEqual(pairs.map(({ name, exact }) => [name, exact.data[0]]), [
    ["x", 1],
    ["y", 2],
    ["x", 5],
    ["y", 10],
  ]);
  assert.deepEqual(asked.map((names) => names.join(" ")).sort(), ["x_dequantized y", "y"]);
});

Deno.test("tensorPairs() leaves out what has another size there, and ends both runs", async () => {
  const { runtime, closed } = runtimeOf(() => ({ y: [1, 2], x_dequantized: [1] }));
  const names = new Map([["x", "x_dequantized"], ["y", "y"]]);
  for await (
    const { name, other } of tensorPairs(net, int8, names, [feeds(1, 2), feeds(1, 2)], { runtime })
  ) {
    assert.equal(other?.data.length, name === "x" ? undefined : 2);
    if (name === "y") break;
  }
  assert.equal(closed(), 2);
});
