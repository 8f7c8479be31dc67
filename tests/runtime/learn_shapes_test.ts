import assert from "node:assert/strict";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf, random } from "../passes/fixtures.ts";

Deno.test("learnShapes() gives type and shape of every value, and what changes them", async () => {
  const model = modelOf(
    `input x float32[N, 2, H, 5]; output y float32[?, 3]; tensor shape int64[2] = [-1, 3]
     a = Conv(x, w) {pads=[1, 1, 1, 1]}; b = Transpose(a) {perm=[2, 0, 1, 3]}
     s = Shape(b); y = Reshape(b, shape)`,
    { w: random([3, 2, 3, 3], 1) },
  );
  const shapes = await learnShapes(model, { x: random([1, 2, 4, 5], 2) });
  assert.deepEqual(shapes.get("x"), {
    type: "float32",
    dims: [1, 2, 4, 5],
    depends: [["N"], [], ["H"], []],
  });
  assert.deepEqual(shapes.get("b"), {
    type: "float32",
    dims: [4, 1, 3, 5],
    depends: [["H"], ["N"], [], []],
  });
  assert.deepEqual(shapes.get("s"), { type: "int64", dims: [4], depends: [[]] });
  assert.deepEqual(shapes.get("y")!.depends, [["N", "H"], []]);
  assert.deepEqual(shapes.get("w")!.dims, [3, 2, 3, 3]);
  assert.equal(shapes.get("nothing"), undefined);
  assert.deepEqual(shapes.open, [
    { name: "N", length: 1, places: [{ input: "x", axis: 0 }], isBatch: true, isFree: true },
    { name: "H", length: 4, places: [{ input: "x", axis: 2 }], isBatch: false, isFree: true },
  ]);
});

Deno.test("learnShapes() notices a dimension that is open in the file alone", async () => {
  const model = modelOf(`input x float32[N, 6]; output y float32[2, 3]; tensor s int64[2] = [2, 3]
    y = Reshape(x, s)`);
  const shapes = await learnShapes(model, { x: random([1, 6], 1) });
  assert.equal(shapes.open[0]!.isFree, false);
});

Deno.test("learnShapes() finds that nameless dimensions of two inputs are one batch", async () => {
  const model = modelOf(`input x float32[?, 3]; input state float32[2, ?, 3]; output y float32[?, ?]
    tensor axes int64[1] = [0]
    h = ReduceMax(state) {axes=[0], keepdims=0}; y = Concat(x, h) {axis=1}`);
  const feeds = { x: random([1, 3], 1), state: random([2, 1, 3], 2) };
  const { open } = await learnShapes(model, feeds);
  assert.deepEqual(open, [{
    name: "x[0]",
    length: 1,
    places: [{ input: "x", axis: 0 }, { input: "state", axis: 1 }],
    isBatch: true,
    isFree: true,
  }]);
});

Deno.test("learnShapes() takes a name of several lengths for no name, as the runtime does", async () => {
  const model = modelOf(`input x float32[B, L, L]; output y float32[B, L, L]; y = Relu(x)`);
  const shapes = await learnShapes(model, { x: random([1, 4, 6], 1) });
  assert.deepEqual(shapes.open.map(({ name, isFree }) => [name, isFree]), [
    ["B", true],
    ["x[1]", true],
    ["x[2]", true],
  ]);
  assert.deepEqual(shapes.get("y")!.depends, [["B"], ["x[1]"], ["x[2]"]]);
});

Deno.test("learnShapes() refuses what is no sample", async () => {
  const model = modelOf(
    `input a float32[N]; input b float32[N]; output y float32[N]; y = Add(a, b)`,
  );
  await assert.rejects(learnShapes(model, { a: float32([1], [0]) }), /"b"/);
});

Deno.test("learnShapes() learns the same in workers", async () => {
  const model = modelOf(
    `input x float32[N, H]; output y float32[H, N]; y = Transpose(x) {perm=[1, 0]}`,
  );
  await using runtime = openRuntime({ workers: 1 });
  const feeds = { x: random([2, 3], 1) };
  const [here, there] = [
    await learnShapes(model, feeds),
    await learnShapes(model, feeds, { runtime }),
  ];
  assert.deepEqual([...there], [...here]);
  assert.deepEqual(there.open, here.open);
});
