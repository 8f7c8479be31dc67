import assert from "node:assert/strict";
import { printGraph } from "../../lib/onnx/text.ts";
import { dropIdleReshapes } from "../../lib/passes/drop_idle_reshapes.ts";
import { gatherToSlices } from "../../lib/passes/gather_to_slices.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { readParts } from "../../lib/passes/read_parts.ts";
import { scatterToConcat } from "../../lib/passes/scatter_to_concat.ts";
import { generator } from "../random.ts";
import { modelOf } from "./fixtures.ts";
import { count, errorOf, picker, shapesOf } from "./lowering.ts";

/** An int64 tensor as text. */
function integers(name: string, dims: readonly number[], values: readonly number[]): string {
  return `tensor ${name} int64[${dims.join(", ")}] = [${values.join(", ")}]`;
}

/** Operators of a graph, in order. */
function types({ node }: { node: readonly { opType: string }[] }): string {
  return node.map(({ opType }) => opType).join(" ");
}

/** Indices of every place of a box, and how many. */
function placesOf(box: readonly { begin: number; end: number }[]): number[][] {
  return box.reduce<number[][]>(
    (all, { begin, end }) =>
      all.flatMap((place) => Array.from({ length: end - begin }, (_, i) => [...place, begin + i])),
    [[]],
  );
}

Deno.test("scatterToConcat() gives the very numbers of ScatterND on 16 random stretches", async () => {
  const { between } = picker(generator(3));
  for (let trial = 0; trial < 16; trial++) {
    const dims = [between(1, 3), between(2, 4), between(2, 5), between(1, 3)];
    const depth = between(1, 4);
    const cut = between(0, depth - 1);
    const box = dims.slice(0, depth).map((length, axis) => {
      const begin = axis === cut ? between(0, length - 1) : 0;
      return { begin, end: axis === cut ? between(begin + 1, length) : length };
    });
    const places = placesOf(box);
    const lengths = box.map(({ begin, end }) => end - begin);
    const updates = [...lengths, ...dims.slice(depth)];
    const negative = trial % 4 === 0;
    const values = places.flat().map((at, i) => negative ? at - dims[i % depth]! : at);
    const model = modelOf(
      `input x float32[${dims.join(", ")}]; input u float32[${updates.join(", ")}]
       output y float32[${dims.join(", ")}]
       ${integers("at", [...lengths, depth], values)}
       y = ScatterND(x, at, u)`,
    );
    const shapes = await shapesOf(model, { x: dims, u: updates });
    const written = model.withGraph(scatterToConcat(model.graph, shapes));
    assert.equal(count(written, "ScatterND"), 0, printGraph(model.graph));
    const feeds = { x: dims, u: updates };
    assert.equal(await errorOf(written, model, feeds, { batch: false }), 0);
    assert.equal(scatterToConcat(model.graph, shapes, { select: () => false }), model.graph);
  }
});

Deno.test("scatterToConcat() leaves places out of order, two stretches, sums, and an open batch", async () => {
  const scatter = (at: string, more = "", n = "2") =>
    modelOf(
      `input x float32[${n}, 3, 4]; input u float32[2, 4]; output y float32[${n}, 3, 4]
       ${at}
       y = ScatterND(x, at, u)${more}`,
      {},
      18,
    );
  const cases = [
    scatter(integers("at", [2, 2], [0, 1, 0, 0])),
    scatter(integers("at", [2, 2], [0, 0, 1, 2])),
    scatter(integers("at", [2, 2], [0, 0, 0, 1]), ' {reduction="add"}'),
    scatter(integers("at", [2, 2], [0, 0, 0, 1]), "", "N"), // other rows of a batch stay as they are
  ];
  for (const model of cases) {
    const shapes = await shapesOf(model, { x: [2, 3, 4], u: [2, 4] });
    assert.equal(scatterToConcat(model.graph, shapes), model.graph);
  }
});

Deno.test("gatherToSlices() gives the very numbers of Gather on 12 random windows", async () => {
  const { between, pick } = picker(generator(8));
  for (let trial = 0; trial < 12; trial++) {
    const [windows, run, step] = [between(1, 4), between(16, 20), between(0, 3)];
    const behind = between(1, 3);
    const length = run + step * (windows - 1) + between(0, 2);
    const places = Array.from(
      { length: windows * run },
      (_, i) => Math.floor(i / run) * step + i % run,
    );
    const shape = pick([[windows, run], [windows * run], [1, windows, run]]);
    const values = trial % 3 === 0 ? places.map((at) => at - length) : places;
    const model = modelOf(
      `input x float32[N, 2, ${length}, ${behind}]
       output y float32[N, 2, ${shape.join(", ")}, ${behind}]
       ${integers("at", shape, values)}
       y = Gather(x, at) {axis=${pick([2, -2])}}`,
    );
    const dims = { x: [2, 2, length, behind] };
    const written = model.withGraph(gatherToSlices(model.graph, await shapesOf(model, dims)));
    assert.equal(count(written, "Gather"), 0);
    assert.equal(await errorOf(written, model, dims), 0);
  }
});

Deno.test("gatherToSlices() leaves scattered indices, and long rows behind the axis", async () => {
  const gather = (indices: readonly number[], axis: number) =>
    modelOf(`input x float32[N, 40, 40]; output y float32[N, ?, ?]
      ${integers("at", [indices.length], indices)}
      y = Gather(x, at) {axis=${axis}}`);
  const row = Array.from({ length: 20 }, (_, i) => i);
  for (const model of [gather(row.map((i) => 2 * i), 2), gather(row, 1)]) {
    const shapes = await shapesOf(model, { x: [1, 40, 40] });
    assert.equal(gatherToSlices(model.graph, shapes), model.graph);
  }
});

Deno.test("readParts() reads what a Concat joined, and what a Slice cut, from where it came", async () => {
  const text = (taken: string) =>
    modelOf(
      `input a float32[N, 2, 3]; input b float32[N, 4, 3]; input c float32[N, 1, 3]
       output y float32[N, ?, ?]
       tensor i0 int64[1] = [0]; tensor i1 int64[1] = [1]; tensor i2 int64[1] = [2]
       tensor i3 int64[1] = [3]; tensor i6 int64[1] = [6]; tensor i7 int64[1] = [9999]
       j = Concat(a, b, c) {axis=1}
       ${taken}`,
    );
  const dims = { a: [2, 2, 3], b: [2, 4, 3], c: [2, 1, 3] };
  const cases: readonly (readonly [string, string])[] = [
    ["y = Slice(j, i2, i6, i1)", "Identity"],
    ["y = Slice(j, i3, i6, i1)", "Slice"],
    ["y = Slice(j, i2, i7, i1)", "Concat"],
    ["y = Slice(j, i1, i7, i1)", "Concat Slice"], // pieces of several parts
    ["y = Gather(j, i3) {axis=-2}", "Gather"],
    ["s = Slice(b, i1, i7, i1); y = Slice(s, i1, i3, i1)", "Slice"],
    ["s = Slice(b, i1, i3, i2); y = Slice(s, i1, i3, i1)", "Concat Slice Slice"], // along another axis
  ];
  for (const [taken, expected] of cases) {
    const model = text(taken);
    const read = model.withGraph(readParts(model.graph, await shapesOf(model, dims)));
    assert.equal(types(read.graph), expected, taken);
    assert.equal(await errorOf(read, model, dims), 0, taken);
  }
});

Deno.test("dropIdleReshapes() joins what only names the axes anew, and drops a Slice of everything", async () => {
  const model = modelOf(
    `input x float32[N, 1, 4, 3]; output y float32[N, 12]; output z float32[N, 1, 4, 3]
     tensor one int64[1] = [1]; tensor two int64[1] = [2]; tensor all int64[1] = [9999]
     tensor zero int64[1] = [0]; tensor order int64[4] = [0, 1, 2, -1]
     s = Squeeze(x, one); u = Unsqueeze(s, two); g = Gather(u, order) {axis=1}
     y = Flatten(g) {axis=1}
     h = Slice(x, zero, all, two); z = Relu(h)`,
  );
  const dims = { x: [2, 1, 4, 3] };
  const joined = model.withGraph(dropIdleReshapes(model.graph, await shapesOf(model, dims)));
  assert.equal(count(joined, "Reshape"), 1);
  assert.equal(types(joined.graph), "Reshape Relu");
  assert.equal(await errorOf(joined, model, dims), 0);
});

Deno.test("lowerForWasm() keeps a cache that is written in turns, and read again", async () => {
  const rows = (from: number) => [0, 1].flatMap((row) => [0, from + row]);
  const model = modelOf(
    `input cache float32[1, 6, 4]; input x float32[1, 2, 4]
     output y float32[1, 2, 4]; output next float32[1, 6, 4]
     ${integers("first", [1, 2, 2], rows(0))}; ${integers("second", [1, 2, 2], rows(2))}
     tensor from int64[1] = [2]; tensor to int64[1] = [4]; tensor axis int64[1] = [1]
     a = ScatterND(cache, first, x)
     old = Slice(a, from, to, axis); h = Add(old, x)
     next = ScatterND(a, second, h)
     y = Slice(next, from, to, axis)`,
  );
  const dims = { cache: [1, 6, 4], x: [1, 2, 4] };
  const lowered = lowerForWasm(model, await shapesOf(model, dims));
  assert.equal(await errorOf(lowered, model, dims, { batch: false }), 0);
  assert.equal(count(lowered, "ScatterND"), 0);
  assert.equal(count(lowered, "Concat"), 1); // x, h, and the end of the cache
  assert.ok(lowered.graph.node.length <= 5, printGraph(lowered.graph));
});
