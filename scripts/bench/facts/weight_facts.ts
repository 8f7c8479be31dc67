import { qconfigMapping } from "../../../lib/quantize/mapping.ts";
import { convert } from "../../../lib/quantize/convert.ts";
import { dynamicInt8 } from "../../../lib/quantize/qconfig.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { integers, type KernelFact, weights } from "./fact.ts";

const rows = "input x float32[16, 256]; output y float32[16, 256]";

/** What `lib/quantize` takes for granted of dynamic int8, and of weights that are stored small. */
export const WEIGHT_FACTS: readonly KernelFact[] = [
  {
    name: "dynamic-matmul",
    rule: "a MatMul of many rows gains from dynamic int8",
    reliedOnBy: ["lib/quantize/dynamic_linear.ts"],
    base: {
      text: `input x float32[64, 512]; output y float32[64, 256]; y = MatMul(x, w)`,
      constants: { w: weights(512, 256) },
    },
    other: {
      text: `input x float32[64, 512]; output y float32[64, 256]
        y = com.microsoft::DynamicQuantizeMatMul(x, w, scale, s0)`,
      constants: { w: integers("int8", 512, 256) },
    },
    ratio: 0.55,
  },
  {
    name: "dynamic-matmul-of-one-row",
    rule: "a MatMul of one row gains nothing from dynamic int8",
    reliedOnBy: ["lib/quantize/placements.ts"],
    base: {
      text: `input x float32[1, 512]; output y float32[1, 512]; y = MatMul(x, w)`,
      constants: { w: weights(512, 512) },
    },
    other: {
      text: `input x float32[1, 512]; output y float32[1, 512]
        y = com.microsoft::DynamicQuantizeMatMul(x, w, scale, s0)`,
      constants: { w: integers("int8", 512, 512) },
    },
    ratio: 1.8,
  },
  {
    name: "dynamic-lstm",
    rule: "an LSTM of one sequence loses by dynamic int8",
    reliedOnBy: ["lib/quantize/placements.ts"],
    base: {
      text: `input x float32[16, 1, 128]; output y float32[16, 1, 1, 128]
        y = LSTM(x, w, r) {hidden_size=128}`,
      constants: { w: weights(1, 512, 128), r: weights(1, 512, 128) },
    },
    other: {
      text: `input x float32[16, 1, 128]; output y float32[16, 1, 1, 128]
        y = com.microsoft::DynamicQuantizeLSTM(x, w, r, "", "", "", "", "", scales, zeros, scales, zeros) {hidden_size=128}`,
      constants: {
        w: integers("int8", 1, 128, 512),
        r: integers("int8", 1, 128, 512),
        scales: float32([1], [0.001]),
        zeros: { type: "int8", dims: [1], data: Int8Array.of(0) },
      },
    },
    ratio: 1.4,
    margin: 1.35,
  },
  {
    name: "dynamic-gru",
    rule: "a GRU of one sequence loses by dynamic int8",
    reliedOnBy: ["lib/quantize/placements.ts"],
    base: {
      text: `input x float32[16, 1, 128]; output y float32[16, 1, 1, 128]
        y = GRU(x, w, r) {hidden_size=128, linear_before_reset=1} @ gru`,
      constants: { w: weights(1, 384, 128), r: weights(1, 384, 128) },
    },
    other: (model) => convert(model, qconfigMapping({ default: dynamicInt8() })),
    ratio: 2,
  },
  {
    name: "weights-behind-cast",
    rule: "weights behind Cast and Mul are folded when the model loads, and cost nothing in a run",
    reliedOnBy: ["lib/quantize/weight_only.ts"],
    base: { text: `${rows}; y = MatMul(x, w)`, constants: { w: weights(256, 256) } },
    other: {
      text: `${rows}; f = Cast(w) {to=1}; v = Mul(f, scale); y = MatMul(x, v)`,
      constants: { w: integers("int8", 256, 256) },
    },
    ratio: 1,
    margin: 1.25,
  },
  {
    name: "weights-behind-dequantize",
    rule: "weights behind DequantizeLinear are not folded, and made anew in each run",
    reliedOnBy: ["lib/quantize/weight_only.ts"],
    base: {
      text: `${rows}; f = Cast(w) {to=1}; v = Mul(f, scale); y = MatMul(x, v)`,
      constants: { w: integers("int8", 256, 256) },
    },
    other: {
      text: `${rows}; v = DequantizeLinear(w, scale, s0); y = MatMul(x, v)`,
      constants: { w: integers("int8", 256, 256) },
    },
    ratio: 2,
  },
  {
    name: "rows-of-an-int8-table",
    rule:
      "to gather int8 rows and make them float32 takes less than twice as long as to gather float32 rows",
    reliedOnBy: ["lib/quantize/stored_rows.ts"],
    base: {
      text: `input n int64[256]; output y float32[256, 256]
        f = Cast(w) {to=1}; v = Mul(f, scale); y = Gather(v, n)`,
      constants: { w: integers("int8", 512, 256) },
    },
    other: {
      text: `input n int64[256]; output y float32[256, 256]
        r = Gather(w, n); f = Cast(r) {to=1}; y = Mul(f, scale)`,
      constants: { w: integers("int8", 512, 256) },
    },
    ratio: 1.4,
    margin: 1.35,
    isIdentical: true,
  },
  {
    name: "four-bit-kernel",
    rule: "the kernel for weights of 4 bits is slower than float32's",
    reliedOnBy: ["lib/quantize/weight_only.ts"],
    base: { text: `${rows}; y = MatMul(x, w)`, constants: { w: weights(256, 256) } },
    other: {
      text:
        `${rows}; y = com.microsoft::MatMulNBits(x, w, scales) {K=256, N=256, bits=4, block_size=32}`,
      constants: {
        w: integers("uint8", 256, 8, 16),
        scales: float32([2048], new Float32Array(2048).fill(0.01)),
      },
    },
    ratio: 2.7,
  },
];
