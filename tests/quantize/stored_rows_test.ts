import assert from "node:assert/strict";
import { byteLengthOf } from "../../lib/onnx/tensor_proto.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, perTensor, weightOnly } from "../../lib/quantize/qconfig.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, run } from "./fixture.ts";

/** A table of so many rows of 64, of which row r holds whole numbers times 2^-(r mod 3). */
function table(rows: number): Tensor<"float32"> {
  const data = Float32Array.from({ length: rows * 64 }, (_, i) => {
    const row = Math.floor(i / 64);
    return (i % 64 === 0 ? 127 : (row + i) % 100) * 2 ** -(row % 3);
  });
  return float32([rows, 64], data);
}

const TEXT = `input ids int64[N]
  output y float32[N, 64]
  output p float32[N, 64]
  y = Gather(table, ids) @ words
  p = Gather(positions, ids) @ positions`;

const embedding = (): Model => modelOf(TEXT, { table: table(4096), positions: table(16) });

const ids = { ids: { type: "int64", dims: [3], data: BigInt64Array.of(5n, 0n, 13n) } } as const;

const opsOf = ({ graph }: Model) => graph.node.map(({ opType }) => opType);

Deno.test("a large table stays int8 while the model runs, and its rows have their own scales", async () => {
  const written = convert(embedding(), qconfigMapping({ default: weightOnly() }));
  assert.deepEqual(written.graph.node.map(({ opType, output }) => `${output[0]} = ${opType}`), [
    // 16 rows are expanded when the model loads.
    ...["positions_wide = Cast", "positions = Mul"],
    ...["y_int8 = Gather", "y_wide = Cast", "y_scale = Gather", "y = Mul"],
    "p = Gather",
  ]);
  assert.deepEqual(written.traces.map(({ form }) => form), ["weightOnly", "weightOnly"]);
  const { y } = await run(written, ids);
  const words = table(14).data;
  // A scale of 2^-(r mod 3) holds these numbers exactly.
  assert.deepEqual(
    y!.data,
    Float32Array.of(...[5, 0, 13].flatMap((row) => [
      ...words.slice(64 * row, 64 * (row + 1)),
    ])),
  );
});

Deno.test("one scale for all of a table is read once, and int4 tables are expanded", () => {
  const ops = (form: ReturnType<typeof weightOnly>) =>
    opsOf(
      convert(embedding(), qconfigMapping({ default: weightOnly(), rules: [["words", form]] })),
    );
  assert.deepEqual(ops(weightOnly({ weight: perTensor })), [
    ...["Cast", "Mul", "Gather", "Cast", "Mul", "Gather"],
  ]);
  const first = ops(weightOnly({ bits: 4 }));
  assert.deepEqual(first.slice(-2), ["Gather", "Gather"]);
});

Deno.test("a table that the last product reads too, turned, is in the file once", () => {
  const tied = modelOf(
    `input ids int64[N]
     output z float32[N, 4096]
     y = Gather(table, ids) @ words
     t = Transpose(table) {perm=[1, 0]}
     z = MatMul(y, t) @ logits`,
    { table: table(4096) },
  );
  const written = convert(
    tied,
    qconfigMapping({ default: weightOnly(), rules: [["logits", dynamicInt8()]] }),
  );
  const large = written.graph.initializer.filter((tensor) => byteLengthOf(tensor) > 2 ** 17);
  assert.deepEqual(large.map(({ dims }) => dims.map(Number)), [[4096, 64]]);
  const stored = convert(tied, qconfigMapping({ default: weightOnly() }));
  const again = stored.graph.initializer.filter((tensor) => byteLengthOf(tensor) > 2 ** 17);
  assert.deepEqual(again.map(({ dims }) => dims.map(Number)), [[4096, 64]]);
});
