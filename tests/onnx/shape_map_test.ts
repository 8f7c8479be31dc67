import assert from "node:assert/strict";
import { type OpenDimension, ShapeMap } from "../../lib/onnx/shape_map.ts";

const dimension = (name: string, rest: Partial<OpenDimension> = {}): OpenDimension => ({
  ...{ name, length: 2, places: [], isBatch: false, isFree: true },
  ...rest,
});

const y = { type: "float32", dims: [3, 2], depends: [["H"], ["N"]] } as const;

Deno.test("fix() refuses an axis that changes with the batch", () => {
  const open = [dimension("N", { isBatch: true }), dimension("H")];
  const shapes = new ShapeMap(new Map([["y", y]]), open);
  assert.equal(shapes.fix("y", [0, 1]), undefined);
  assert.equal(shapes.fix("z", []), undefined);
  assert.deepEqual(shapes.fixed, []);
  assert.deepEqual(shapes.fix("y", [0]), [3]);
  assert.deepEqual(shapes.fixed.map(({ name }) => name), ["H"]);
  assert.deepEqual(shapes.stillOpen("y")!.depends, [[], ["N"]]);
});

Deno.test("fix() fixes dimensions too of which nobody knows what depends on them", () => {
  const open = [dimension("N", { isBatch: true, isFree: false }), dimension("H")];
  const shapes = new ShapeMap(new Map([["y", y]]), open);
  assert.deepEqual(shapes.fix("y", [0]), [3]);
  assert.deepEqual(shapes.fixed.map(({ name }) => name), ["N", "H"]);
  assert.deepEqual(shapes.afresh().fixed, []);
});

Deno.test("with() adds shapes, and what one map fixes is fixed in the other", () => {
  const shapes = new ShapeMap(new Map([["y", y]]), [dimension("H")]);
  const more = shapes.with(new Map([["z", { dims: [3], depends: [["H"]] }]]));
  assert.equal(shapes.get("z"), undefined);
  assert.deepEqual(more.fix("z", [0]), [3]);
  assert.deepEqual(shapes.fixed.map(({ name }) => name), ["H"]);
});
