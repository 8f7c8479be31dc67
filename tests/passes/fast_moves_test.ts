import assert from "node:assert/strict";
import { fastOperators } from "../../lib/passes/fast_operators.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";
import { shapesOf } from "./lowering.ts";

const operators = ({ node }: { readonly node: readonly { readonly opType: string }[] }) =>
  node.map(({ opType }) => opType).join(" ");

Deno.test("fastOperators() writes ConvTranspose in 1d as one of a single row, with the same bits", async () => {
  const model = modelOf(
    `input x float32[N, 4, L]
     output plain float32[...]; output grouped float32[...]; output padded float32[...]
     plain = ConvTranspose(x, w, b) {strides=[2], pads=[1, 0], output_padding=[1]} @ /up/ConvTranspose
     grouped = ConvTranspose(x, w) {group=2, dilations=[2], kernel_shape=[3]}
     padded = ConvTranspose(x, w) {strides=[3], auto_pad="SAME_UPPER"}`,
    { w: random([4, 3, 3], 1), b: random([3], 2) },
  );
  const written = model.withGraph(fastOperators(model.graph));
  assert.equal(
    operators(written.graph),
    Array(3).fill("Unsqueeze Unsqueeze ConvTranspose Squeeze").join(" "),
  );
  for (const dims of [[1, 4, 5], [3, 4, 8]]) {
    const feeds = { x: random(dims, 3) };
    assert.equal(error(await run(written, feeds), await run(model, feeds)), 0);
  }
  const flat = modelOf(
    "input x float32[N, 4, L, 1]; output y float32[...]; y = ConvTranspose(x, w)",
    { w: random([4, 3, 3, 1], 1) },
  );
  assert.equal(fastOperators(flat.graph), flat.graph);
});

Deno.test("fastOperators() writes Tile as Expand where all that it repeats is one element long", async () => {
  const model = modelOf(
    `input x float32[N, 3, 4, 1]
     output y float32[...]; output rows float32[...]; output two float32[...]
     tensor along int64[4] = [1, 1, 1, 5]
     tensor across int64[4] = [1, 1, 2, 1]
     tensor batch int64[4] = [2, 1, 1, 5]
     y = Tile(x, along)
     rows = Tile(x, across)
     two = Tile(x, batch)`,
  );
  const shapes = await shapesOf(model, { x: [1, 3, 4, 1] });
  const written = model.withGraph(fastOperators(model.graph, { shapes }));
  assert.equal(operators(written.graph), "Expand Tile Tile"); // the batch may be longer than one
  const feeds = { x: random([2, 3, 4, 1], 1) };
  assert.equal(error(await run(written, feeds), await run(model, feeds)), 0);
});

Deno.test("fastOperators() writes OneHot as a comparison, for indices out of range, too", async () => {
  const model = modelOf(
    `input x float32[N]
     output y float32[...]; output z float32[...]; output other float32[...]
     tensor depth int64[] = [130]; tensor values float32[2] = [0.0, 1.0]
     tensor levels float32[2] = [-1.0, 1.0]
     i = Cast(x) {to=7}
     y = OneHot(i, depth, values)
     z = OneHot(i, depth, values) {axis=-1}
     other = OneHot(i, depth, levels)`,
  );
  const shapes = await shapesOf(model, { x: [128] });
  const written = model.withGraph(fastOperators(model.graph, { shapes }));
  const each = "Cast Less Add Where Unsqueeze Equal Cast";
  assert.equal(operators(written.graph), `Cast ${each} ${each} OneHot`);
  const feeds = { x: float32([10], [0, 1, 129, 130, 500, -1, -129, -130, -131, -500]) };
  const [given, found] = [await run(model, feeds), await run(written, feeds)];
  assert.equal(error(found, given), 0);
  assert.equal(found.y!.data[5 * 130 + 129], 1); // -1 is the last
});

Deno.test("fastOperators() writes DepthToSpace as two Transposes, with the same bits", async () => {
  const model = modelOf(
    `input x float32[N, 18, H, 20]
     output y float32[...]; output z float32[...]
     y = DepthToSpace(x) {blocksize=3}
     z = DepthToSpace(x) {blocksize=3, mode="CRD"}`,
  );
  const shapes = await shapesOf(model, { x: [1, 18, 23, 20] });
  const written = model.withGraph(fastOperators(model.graph, { shapes }));
  const each = "Reshape Transpose Reshape Transpose Reshape";
  assert.equal(operators(written.graph), `${each} ${each}`);
  const feeds = { x: random([2, 18, 24, 20], 1) };
  assert.equal(error(await run(written, feeds), await run(model, feeds)), 0);
  const { y } = await run(written, {
    x: float32([1, 18, 1, 20], Array.from({ length: 360 }, (_, i) => i)),
  });
  // Channel 0 of the first row: the first place of channels 0, 2 and 4, then the second.
  assert.deepEqual([...y!.data.slice(0, 6)], [0, 40, 80, 1, 41, 81]);
});

Deno.test("fastOperators() reads rows of a table in the place of OneHot times the table", async () => {
  const model = modelOf(
    `input x float32[N]
     output y float32[N, 2]
     tensor depth int64[] = [3]; tensor values float32[2] = [0.0, 1.0]
     tensor table float32[3, 2] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
     i = Cast(x) {to=7}
     hot = OneHot(i, depth, values)
     y = MatMul(hot, table)`,
  );
  const written = model.withGraph(fastOperators(model.graph));
  assert.equal(operators(written.graph), "Cast Cast Less Add Where Less Min Where Gather");
  const feeds = { x: float32([7], [0, 2, 3, 9, -1, -3, -4]) };
  const { y } = await run(written, feeds);
  assert.deepEqual([...y!.data], [1, 2, 5, 6, 0, 0, 0, 0, 5, 6, 1, 2, 0, 0]);
  assert.equal(error({ y: y! }, await run(model, feeds)), 0);
});
