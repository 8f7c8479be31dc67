import type { Model } from "../../../lib/onnx/model.ts";
import type { ShapeMap } from "../../../lib/onnx/shape_map.ts";
import { ANY_RANGE } from "../../../lib/cost/forms.ts";
import { nameNodes } from "../../../lib/onnx/name_nodes.ts";
import { convTransposeToConv } from "../../../lib/passes/conv_transpose_to_conv.ts";
import { convert } from "../../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../../lib/quantize/qconfig.ts";
import { convToGemm } from "../../../lib/passes/conv_to_gemm.ts";
import { convToWinograd } from "../../../lib/passes/conv_to_winograd.ts";
import { gatherToSlices } from "../../../lib/passes/gather_to_slices.ts";
import { lowerConv3d } from "../../../lib/passes/lower_conv3d.ts";
import { NODE_COST, productCost } from "../../../lib/passes/product_cost.ts";
import { scatterToConcat } from "../../../lib/passes/scatter_to_concat.ts";
import { roundMatrix } from "../../../lib/quantize/round_matrix.ts";
import type { WinogradForm } from "../../../lib/record/recipe.ts";
import { type KernelFact, list, type Rewrite, weights } from "./fact.ts";

const winograd = (form: WinogradForm): Rewrite => (model: Model, shapes: ShapeMap) =>
  model.withGraph(convToWinograd(model.graph, shapes, { form: () => form, rounded: roundMatrix }));

const conv = (channels: number, side: number) => ({
  text: `input x float32[1, ${channels}, ${side}, ${side}]
    output y float32[1, ${channels}, ${side}, ${side}]
    y = Conv(x, w) {pads=[1, 1, 1, 1]}`,
  constants: { w: weights(channels, channels, 3, 3) },
});

const ROWS = { rows: 64, depth: 256 };

/** Matrices of a stack. */
const STACKED = 4;

const eachOf = (text: (i: number) => string) =>
  Array.from({ length: STACKED }, (_, i) => text(i)).join("; ");
const numbered = (name: string) =>
  Array.from({ length: STACKED }, (_, i) => `${name}${i}`).join(", ");

/** Nodes of the chain whose time tells that of a node. */
const CHAIN = 300;

/** What forms with many nodes consist of. */
const SMALL_NODES = ["Gather(x, turned)", "MatMul(x, square)", "Transpose(x) {perm=[1, 0]}"];

/** What `lib/passes` takes for granted of products, and the forms of Conv that are made of them. */
export const FORM_FACTS: readonly KernelFact[] = [
  {
    name: "winograd",
    rule: "a dense 3x3 Conv is slower than Winograd's products of tiles",
    reliedOnBy: ["lib/passes/winograd_forms.ts"],
    base: conv(96, 24),
    other: winograd("winograd 4x4"),
    ratio: 0.42,
    margin: 1.4,
  },
  {
    name: "winograd-of-few-channels",
    rule: "with few channels Winograd's transforms cost more than its products save",
    reliedOnBy: ["lib/passes/winograd_forms.ts"],
    base: conv(8, 56),
    other: winograd("winograd 4x4"),
    ratio: 1.6,
  },
  {
    name: "winograd-of-stride-2",
    rule:
      "with many channels a 3x3 Conv of stride 2 is slower than Winograd's products of its phases",
    reliedOnBy: ["lib/passes/winograd_forms.ts"],
    base: {
      text: `input x float32[1, 192, 14, 14]; output y float32[1, 192, 7, 7]
        y = Conv(x, w) {pads=[1, 1, 1, 1], strides=[2, 2]}`,
      constants: { w: weights(192, 192, 3, 3) },
    },
    other: winograd("winograd 4x4"),
    ratio: 0.77,
    margin: 1.25,
  },
  {
    name: "winograd-in-integers",
    rule: "from 128 channels on Winograd's products in int8 are among the fastest forms",
    reliedOnBy: ["lib/passes/winograd_forms.ts"],
    base: conv(128, 14),
    other: winograd("winograd 2x2, integers"),
    ratio: 0.45,
  },
  {
    name: "stack-of-matrices",
    rule: "a MatMul packs a constant of three axes in every run, and one of two axes once",
    reliedOnBy: ["lib/passes/winograd_products.ts"],
    base: {
      text: `input x float32[${STACKED}, 4, 384]; output y float32[${STACKED}, 4, 384]
        ${numbered("x")} = Split(x) {axis=0}
        ${eachOf((i) => `y${i} = MatMul(x${i}, w${i})`)}
        y = Concat(${numbered("y")}) {axis=0}`,
      constants: Object.fromEntries(
        Array.from({ length: STACKED }, (_, i) => [`w${i}`, weights(384, 384)]),
      ),
    },
    other: {
      text: `input x float32[${STACKED}, 4, 384]; output y float32[${STACKED}, 4, 384]
        y = MatMul(x, w)`,
      constants: { w: weights(STACKED, 384, 384) },
    },
    ratio: 1.6,
  },
  {
    name: "conv-of-a-small-map",
    rule: "a Conv makes a product for each picture whose columns go by 16, so a small map is slow",
    reliedOnBy: ["lib/passes/gemm_forms.ts"],
    base: {
      text: `input x float32[8, 128, 2, 2]; output y float32[8, 128, 2, 2]
        y = Conv(x, w) {pads=[1, 1, 1, 1]}`,
      constants: { w: weights(128, 128, 3, 3) },
    },
    other: (model, shapes) => model.withGraph(convToGemm(model.graph, shapes)),
    ratio: 0.13,
    margin: 1.6,
  },
  {
    name: "columns-by-16",
    rule: "the columns of a product go by 16, whether they are full or not",
    reliedOnBy: ["lib/passes/product_cost.ts"],
    base: {
      text: `input x float32[256, 512]; output y float32[256, 4]; y = MatMul(x, w)`,
      constants: { w: weights(512, 4) },
    },
    other: {
      text: `input x float32[256, 512]; output y float32[256, 16]; y = MatMul(x, w)`,
      constants: { w: weights(512, 16) },
    },
    ratio: productCost(256, 16, 512) / productCost(256, 4, 512),
    margin: 1.4,
  },
  {
    name: "one-row",
    rule: "a product of one row takes as long as 1.7 of many",
    reliedOnBy: ["lib/passes/product_cost.ts"],
    base: {
      text: `input x float32[1, 512]; output y float32[1, 1024]; y = MatMul(x, w)`,
      constants: { w: weights(512, 1024) },
    },
    other: {
      text: `input four float32[4, 512]; output y float32[4, 1024]; y = MatMul(four, w)`,
      constants: { w: weights(512, 1024) },
    },
    ratio: productCost(4, 1024, 512) / productCost(1, 1024, 512),
    margin: 1.4,
  },
  {
    name: "time-of-a-node",
    rule: `a node takes as long as ${NODE_COST} multiply-adds, whatever it does`,
    reliedOnBy: ["lib/passes/product_cost.ts"],
    base: {
      text: `input x float32[64, 256]; output y float32[64, 256]; y = MatMul(x, w)`,
      constants: { w: weights(256, 256) },
    },
    other: {
      text: `input few float32[4, 4]; output y float32[4, 4]; n0 = Add(few, one); ${
        Array.from({ length: CHAIN - 2 }, (_, i) =>
          `n${i + 1} = ${SMALL_NODES[i % SMALL_NODES.length]!.replace("x", `n${i}`)}`).join("; ")
      }; y = Add(n${CHAIN - 2}, one)`,
      constants: { turned: list(3, 2, 1, 0), square: weights(4, 4) },
    },
    ratio: CHAIN * NODE_COST / productCost(ROWS.rows, 256, ROWS.depth),
    margin: 2,
  },
  {
    name: "int8-conv-transpose",
    rule:
      "a ConvTranspose, of which there is no int8 kernel, gains as a Conv for each phase in int8",
    reliedOnBy: ["lib/passes/conv_transpose_to_conv.ts"],
    base: {
      text: `input x float32[1, 64, 16, 16]; output y float32[1, 64, 32, 32]
        y = ConvTranspose(x, w) {kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1]} @ up`,
      constants: { w: weights(64, 64, 4, 4) },
    },
    other: (model, shapes) => {
      const phases = nameNodes(convTransposeToConv(model.graph, shapes));
      const mapping = qconfigMapping({ default: staticInt8(), onUnsupported: "float32" });
      return convert(model.withGraph(phases), mapping, ANY_RANGE);
    },
    ratio: 0.83,
    margin: 1.15,
  },
  {
    name: "conv3d",
    rule: "a Conv3d takes as long in float32 as a Conv over frames",
    reliedOnBy: ["lib/passes/lower_conv3d.ts"],
    base: {
      text: `input x float32[1, 16, 8, 16, 16]; output y float32[1, 32, 8, 16, 16]
        y = Conv(x, w) {pads=[1, 1, 1, 1, 1, 1]}`,
      constants: { w: weights(32, 16, 3, 3, 3) },
    },
    other: (model, shapes) => model.withGraph(lowerConv3d(model.graph, shapes)),
    ratio: 1,
    margin: 1.3,
  },
  {
    name: "gather-along-the-last-axis",
    rule: "a Gather along the last axis copies one number at a time, and Slices do not",
    reliedOnBy: ["lib/passes/gather_to_slices.ts"],
    base: {
      text:
        `input x float32[1, 64, 256]; output y float32[1, 64, 128]; y = Gather(x, at) {axis=-1}`,
      constants: { at: list(...Array.from({ length: 128 }, (_, i) => i < 64 ? i : i + 64)) },
    },
    other: (model, shapes) => model.withGraph(gatherToSlices(model.graph, shapes)),
    ratio: 0.2,
    margin: 2,
    isIdentical: true,
  },
  {
    name: "gather-of-rows",
    rule: "a Gather of whole rows takes no longer than to multiply them by a number",
    reliedOnBy: ["lib/passes/conv_to_winograd.ts"],
    base: {
      text: `input x float32[1, 1024, 64]; output y float32[1, 1024, 64]; y = Mul(x, third)`,
    },
    other: {
      text:
        `input x float32[1, 1024, 64]; output y float32[1, 1024, 64]; y = Gather(x, at) {axis=1}`,
      constants: { at: list(...Array.from({ length: 1024 }, (_, i) => (37 * i) % 1024)) },
    },
    ratio: 1,
  },
  {
    name: "scatter-of-a-stretch",
    rule: "a ScatterND that overwrites a stretch is far slower than a Concat",
    reliedOnBy: ["lib/passes/scatter_to_concat.ts"],
    base: {
      text: `input x float32[192, 64]; input u float32[128, 64]; output y float32[192, 64]
        y = ScatterND(x, at, u)`,
      constants: {
        at: {
          ...list(...Array.from({ length: 128 * 64 * 2 }, (_, i) => {
            const place = Math.floor(i / 2);
            return i % 2 ? place % 64 : 16 + Math.floor(place / 64);
          })),
          dims: [128, 64, 2],
        },
      },
    },
    other: (model, shapes) => model.withGraph(scatterToConcat(model.graph, shapes)),
    ratio: 0.2,
    margin: 2,
    isIdentical: true,
  },
];
