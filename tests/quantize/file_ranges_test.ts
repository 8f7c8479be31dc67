import assert from "node:assert/strict";
import { fuse } from "../../lib/passes/fuse.ts";
import type { FileRange } from "../../lib/passes/undo/undo_log.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { inType } from "../../lib/quantize/file_ranges.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, random, run } from "../passes/fixtures.ts";

const WEIGHTS: Record<string, Tensor> = {
  w: { type: "int8", dims: [8, 4, 3, 3], data: Int8Array.from({ length: 288 }, (_, i) => 91 * i) },
  sw: {
    type: "float32",
    dims: [8],
    data: Float32Array.from({ length: 8 }, (_, c) => 0.01 + c / 999),
  },
  zw: { type: "int8", dims: [8], data: new Int8Array(8) },
};

/** A Conv, with a Relu if wanted, whose weights were int8 in a file. */
function network(tail = "y = Conv(x, d) @ conv") {
  return fuse(modelOf(
    `input x float32[1, 4, 9, 9]\noutput y float32[1, 8, 7, 7]
     d = DequantizeLinear(w, sw, zw) {axis=0}; ${tail}`,
    WEIGHTS,
  ));
}

function written(ranges: Record<string, FileRange>, tail?: string) {
  const fileRanges = new Map(Object.entries(ranges));
  const mapping = qconfigMapping({ default: staticInt8(), fileRanges });
  return convert(network(tail), mapping, undefined, { format: "QOperator" });
}

/** Why the Conv is what it is. */
function whyOf(ranges: Record<string, FileRange>, tail?: string): string {
  return written(ranges, tail).plan.rows.find(({ node }) => node === "conv")!.why;
}

const X = { type: "int8", scale: Math.fround(0.03), zeroPoint: -7 } as const;
const Y = { type: "int8", scale: Math.fround(0.4), zeroPoint: 11 } as const;

Deno.test("inType() moves a zero point by 128 between types, and not within one", () => {
  assert.deepEqual(inType({ type: "int8", scale: 2, zeroPoint: -7 }, "uint8"), {
    scale: 2,
    zeroPoint: 121,
  });
  assert.equal(inType({ type: "uint8", scale: 2, zeroPoint: 3 }, "int8").zeroPoint, -125);
  assert.equal(inType({ type: "uint8", scale: 2, zeroPoint: 3 }, "uint8").zeroPoint, 3);
});

Deno.test("fileRanges give the bits of a file of int8 activations, by the kernel for uint8", async () => {
  const file = modelOf(
    `input x float32[1, 4, 9, 9]\noutput y float32[1, 8, 7, 7]
     q = QuantizeLinear(x, sx, zx); c = QLinearConv(q, sx, zx, w, sw, zw, sy, zy)
     y = DequantizeLinear(c, sy, zy)`,
    {
      ...WEIGHTS,
      ...Object.fromEntries(
        Object.entries({ x: X, y: Y }).flatMap(([name, { scale, zeroPoint }]) => [
          [`s${name}`, { type: "float32", dims: [], data: Float32Array.of(scale) }],
          [`z${name}`, { type: "int8", dims: [], data: Int8Array.of(zeroPoint) }],
        ]),
      ),
    },
  );
  const own = written({ x: X, y: Y });
  assert.deepEqual(own.graph.node.map(({ opType }) => opType), [
    "QuantizeLinear",
    "QLinearConv",
    "DequantizeLinear",
  ]);
  const feeds = { x: random([1, 4, 9, 9], 5, 2) };
  const [theirs, ours] = [await run(file, feeds), await run(own, feeds)];
  assert.ok(new Set(theirs.y!.data as Float32Array).size > 50);
  assert.deepEqual(ours, theirs);
});

Deno.test("a layer without a usable range in the file stays float32, and the plan says why", () => {
  assert.match(whyOf({ x: X }), /stays float32: "y" has no range in the file/);
  const wide = { type: "uint16", scale: 0.001, zeroPoint: 32768 } as const;
  assert.match(whyOf({ x: wide, y: Y }), /"x" is uint16 in the file/);
});

Deno.test("the range behind a Relu is taken where the runtime drops the Relu with it", () => {
  const relu = "c = Conv(x, d) @ conv; y = Relu(c) @ relu";
  const types = written({ x: X, y: { ...Y, zeroPoint: -128 } }, relu).graph.node
    .map(({ opType }) => opType);
  assert.deepEqual(types, ["QuantizeLinear", "QLinearConv", "DequantizeLinear"]);
  assert.match(whyOf({ x: X, y: Y }, relu), /"c" has zero point 11 .* beyond its Relu/);
});
