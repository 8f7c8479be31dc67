import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { CorrectedModel } from "../../lib/passes/corrected_model.ts";
import { equalize } from "../../lib/passes/equalize.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { readModel } from "../../lib/onnx/file.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { isThere, shared } from "../shared.ts";
import { anyFeeds } from "./any_feeds.ts";
import { modelOf, random, run } from "./fixtures.ts";
import { INPUT_DIMS, randomNet } from "./random_net.ts";

/** Values of an initializer. */
function values(model: Model, name: string): number[] {
  const tensor = model.graph.initializer.find((one) => one.name === name)!;
  return Array.from(readTensorProto(tensor).data as Float32Array);
}

/** Largest magnitude of each slice along an axis. */
function reach({ graph }: Model, name: string, axis: number): number[] {
  const { dims, data } = readTensorProto(graph.initializer.find((one) => one.name === name)!);
  const run = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const largest = new Array<number>(dims[axis]!).fill(0);
  (data as Float32Array).forEach((x, i) => {
    const at = Math.floor(i / run) % dims[axis]!;
    largest[at] = Math.max(largest[at]!, Math.abs(x));
  });
  return largest;
}

const PAIR = `
  input x float32[N, 1, 2, 2]
  output y float32[N, 1, 2, 2]
  c = Conv(x, w1, b1)
  r = Relu(c)
  y = Conv(r, w2)`;

const PAIR_WEIGHTS = {
  w1: float32([2, 1, 1, 1], [8, -1]),
  b1: float32([2], [4, 1]),
  w2: float32([1, 2, 1, 1], [2, 4]),
};

Deno.test("equalize() brings both sides of a channel to the geometric mean of their reaches", () => {
  const equalized = equalize(modelOf(PAIR, PAIR_WEIGHTS));
  // Channel 0: sqrt(8 / 2) = 2, channel 1: sqrt(1 / 4) = 1/2.
  assertEquals(values(equalized, "w1"), [4, -2]);
  assertEquals(values(equalized, "b1"), [2, 2]);
  assertEquals(values(equalized, "w2"), [4, 2]);
});

Deno.test("equalize() notes which layers it evened with which", () => {
  const text = PAIR.replace("Conv(x, w1, b1)", "Conv(x, w1, b1) @ first")
    .replace("Conv(r, w2)", "Conv(r, w2) @ second");
  const equalized = equalize(modelOf(text, PAIR_WEIGHTS)) as CorrectedModel;
  assertEquals([...equalized.notes], [["first", "equalized with second"]]);
  assertEquals(equalized.table.text.includes("equalized with second"), true);
});

Deno.test("equalize() leaves alone what is even, and what something stands in the way of", () => {
  const even = { ...PAIR_WEIGHTS, w1: float32([2, 1, 1, 1], [2, 4]) };
  const unchanged: Record<string, Model> = {
    even: modelOf(PAIR, even),
    "a Clip": modelOf(PAIR.replace("Relu(c)", "Clip(c, low, high)"), {
      ...PAIR_WEIGHTS,
      low: float32([], [0]),
      high: float32([], [6]),
    }),
    "another reader": modelOf(PAIR + "\n z = Tanh(c)\n output z float32[N, 2, 2, 2]", PAIR_WEIGHTS),
    "an output": modelOf(PAIR + "\n output r float32[N, 2, 2, 2]", PAIR_WEIGHTS),
    "shared weights": modelOf(
      PAIR + "\n t = Conv(x, w1)\n output t float32[N, 2, 2, 2]",
      PAIR_WEIGHTS,
    ),
    "weights of 0": modelOf(PAIR, { ...PAIR_WEIGHTS, w1: float32([2, 1, 1, 1], [0, 0]) }),
    "one layer": modelOf("input x float32[1, 2]\noutput y float32[1, 2]\ny = Gemm(x, w)", {
      w: random([2, 2], 1),
    }),
  };
  for (const [why, model] of Object.entries(unchanged)) {
    assertStrictEquals(equalize(model), model, why);
  }
});

Deno.test("equalize() goes on along depthwise layers until both sides of every channel are even", async () => {
  const model = modelOf(
    `input x float32[N, 3, 6, 6]
    output y float32[N, 5]
    a = Conv(x, w1, b1)
    ra = Relu(a)
    d = Conv(ra, w2, b2) {group=4, pads=[1, 1, 1, 1]}
    rd = LeakyRelu(d)
    g = Conv(rd, w3) {group=2}
    p = MaxPool(g) {kernel_shape=[2, 2], strides=[2, 2]}
    t = ConvTranspose(p, w4, b4)
    f = Flatten(t)
    y = Gemm(f, w5, b5)`,
    {
      w1: random([4, 3, 1, 1], 1, 3),
      b1: random([4], 2),
      w2: random([4, 1, 3, 3], 3, 0.1),
      b2: random([4], 4),
      w3: random([6, 2, 1, 1], 5, 20),
      w4: random([6, 2, 2, 2], 6),
      b4: random([2], 7),
      w5: random([2 * 16, 5], 8, 0.01),
      b5: random([5], 9),
    },
  );
  const equalized = equalize(model);
  const x = { x: random([2, 3, 6, 6], 10) };
  assertEquals(await run(equalized, x), await run(model, x));
  assertEven(reach(equalized, "w1", 0), reach(equalized, "w2", 0));
  // A group of w3 reads two channels each: [out 3, in 2] twice.
  const w3 = values(equalized, "w3").map(Math.abs);
  const read = [0, 1, 2, 3].map((c) => {
    const first = 6 * Math.floor(c / 2) + c % 2;
    return Math.max(w3[first]!, w3[first + 2]!, w3[first + 4]!);
  });
  assertEven(reach(equalized, "w2", 0), read);
  assertEven(reach(equalized, "w3", 0), reach(equalized, "w4", 0));
  const perChannel = [0, 1].map((c) =>
    Math.max(...values(equalized, "w5").slice(80 * c, 80 * (c + 1)).map(Math.abs))
  );
  assertEven(reach(equalized, "w4", 1), perChannel);
});

Deno.test("equalize() keeps what random networks compute, to the bit", async () => {
  let changed = 0;
  for (let seed = 0; seed < 60; seed++) {
    const model = fuse(randomNet(seed));
    const equalized = equalize(model);
    if (equalized === model) continue;
    changed++;
    const feeds: Record<string, Tensor> = { x: random(INPUT_DIMS, seed) };
    assertEquals(await run(equalized, feeds), await run(model, feeds), `seed ${seed}`);
  }
  assert(changed >= 5, `${changed} networks had something to equalize`);
});

for (const file of ["yunet/yunet_n_320_320.onnx", "fastestdet/FastestDet.onnx"]) {
  const url = shared(`models/${file}`);
  Deno.test({
    name: `equalize() keeps what ${file} computes, to the bit`,
    ignore: !isThere(url),
    async fn() {
      const model = fuse(await readModel(url));
      const equalized = equalize(model);
      assert(equalized instanceof CorrectedModel && equalized.notes.size > 20);
      const feeds = anyFeeds(model, file);
      const [actual, expected] = [await run(equalized, feeds), await run(model, feeds)];
      for (const [name, { data }] of Object.entries(expected)) {
        assert(data.every((x, i) => x === actual[name]!.data[i]), name);
      }
    },
  });
}

/** Each of the factors at both sides, two of which meet in a weight, is off by sqrt(2) at most. */
function assertEven(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((x, i) => {
    assert(Math.abs(Math.log2(x / expected[i]!)) <= 2.01, `${actual} is not ${expected}`);
  });
}
