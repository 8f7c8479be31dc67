import { makeTensorProto } from "../../lib/onnx/tensor_proto.ts";
import type { GraphProto } from "../../lib/onnx/onnx_pb.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

/** A graph of these nodes; the constants, named with spaces between, are of one element. */
export function graphWith(nodes: string, constants: string): GraphProto {
  const graph = parseGraph(`graph g\n${nodes.replaceAll(";", "\n")}`);
  const initializer = constants.split(" ").map((name) =>
    makeTensorProto(name, float32([1], Float32Array.of(1)))
  );
  return { ...graph, initializer };
}

/**
 * One layer of an encoder as torch's exporter writes it, of 24 words, 16 channels, 2 heads and 32 hidden
 * ones: ids [batch, time] and attention_mask [batch, time], int64, give [batch, time, 16].
 */
export const encoder = (masked = -1e30): Model =>
  modelOf(
    `input ids int64[batch, time]
     input attention_mask int64[batch, time]
     output y float32[batch, time, 16]
     x = Gather(table, ids) @ embedding
     allowed = Cast(attention_mask) {to=9}
     rows = Unsqueeze(allowed, middle)
     mask = Where(rows, zero, masked)
     q = MatMul(x, wq) @ query
     qb = Add(q, bq); qh = Reshape(qb, heads); qt = Transpose(qh) {perm=[0, 2, 1, 3]}
     k = MatMul(x, wk) @ key
     kb = Add(k, bk); kh = Reshape(kb, heads); kt = Transpose(kh) {perm=[0, 2, 1, 3]}
     shape = Shape(kt); last = Slice(shape, minus1, most); before = Slice(shape, minus2, minus1)
     front = Slice(shape, least, minus2)
     flat = Concat(minus1, before, last) {axis=0}
     k3 = Reshape(kt, flat); k3t = Transpose(k3) {perm=[0, 2, 1]}
     turned = Concat(front, last, before) {axis=0}
     kk = Reshape(k3t, turned)
     v = MatMul(x, wv) @ value
     vb = Add(v, bv); vh = Reshape(vb, heads); vt = Transpose(vh) {perm=[0, 2, 1, 3]}
     qs = Mul(qt, scale); ks = Mul(kk, scale)
     scores = MatMul(qs, ks) @ scores
     sum = Add(scores, mask)
     p = Softmax(sum) {axis=-1}
     isnan = IsNaN(p); safe = Where(isnan, zero, p)
     a = MatMul(safe, vt) @ values
     at = Transpose(a) {perm=[0, 2, 1, 3]}; ar = Reshape(at, joined)
     o = MatMul(ar, wo) @ out
     ob = Add(o, bo); r = Add(ob, x); n = LayerNormalization(r, gain, bo) @ norm1
     u = MatMul(n, wu) @ up
     ub = Add(u, bu); h = Gelu(ub)
     d = MatMul(h, wd) @ down
     db = Add(d, bo); f = Add(db, n); y = LayerNormalization(f, gain, bo) @ norm2`
      .replaceAll(";", "\n"),
    {
      ...{ table: [24, 16], wq: [16, 16], wk: [16, 16], wv: [16, 16], wo: [16, 16] },
      ...{
        bq: [16],
        bk: [16],
        bv: [16],
        bo: [16],
        gain: [16],
        wu: [16, 32],
        bu: [32],
        wd: [32, 16],
      },
      ...{ zero: number(0), masked: number(masked), scale: number(0.5) },
      ...{
        middle: integers(1, 2),
        minus1: integers(-1),
        minus2: integers(-2),
        most: integers(2 ** 52),
      },
      ...{ least: integers(-(2 ** 52)), heads: integers(0, -1, 2, 8), joined: integers(0, -1, 16) },
    },
    20,
  );

const number = (value: number) => float32([], Float32Array.of(value));

const integers = (...values: readonly number[]): Tensor<"int64"> => ({
  type: "int64",
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** Sentences of these lengths, padded to the longest, with their mask. */
export function sentences(...lengths: readonly number[]): Feeds {
  const time = Math.max(...lengths);
  const dims = [lengths.length, time];
  const each = (value: (row: number, place: number) => number): Tensor<"int64"> => ({
    type: "int64",
    dims,
    data: BigInt64Array.from(
      lengths.flatMap((length, row) =>
        Array.from({ length: time }, (_, place) => place < length ? BigInt(value(row, place)) : 0n)
      ),
    ),
  });
  return {
    ids: each((row, place) => 1 + (7 * row + 5 * place) % 23),
    attention_mask: each(() => 1),
  };
}
