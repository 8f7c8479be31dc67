import { writeNpz } from "../../lib/data/npz.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { random } from "../../lib/random.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";

const stream = random(18);

const SHAPE = [1, 8, 8];
const CLASSES = 4;

/** A small network with what most have: a convolution, and a product behind it. */
export function smallNetwork(): Model {
  return parseModel(
    `
    input input float32[N, ${SHAPE}]; output scores float32[N, ${CLASSES}]
    ${weight("w", 16, 1, 3, 3)}; ${weight("b", 16)}; ${weight("f", CLASSES, 256)}
    c = Conv(input, w, b) {kernel_shape=[3, 3], pads=[1, 1, 1, 1]} @ "/conv/Conv"
    r = Relu(c); p = MaxPool(r) {kernel_shape=[2, 2], strides=[2, 2]}; l = Flatten(p) {axis=1}
    scores = Gemm(l, f) {transB=1} @ "/head/Gemm"`,
  );
}

/** Samples of numbers from -1 to 1, without labels. */
export function smallSamples(count: number): Feeds[] {
  return Array.from({ length: count }, () => ({ input: float32([1, ...SHAPE], numbers(64)) }));
}

/** Writes samples as one array, the way that users bring them. */
export async function writeSamples(path: string, samples: readonly Feeds[]): Promise<void> {
  const values = samples.flatMap(({ input }) => [...input!.data as Float32Array]);
  await writeNpz(path, { input: float32([samples.length, ...SHAPE], Float32Array.from(values)) });
}

function weight(name: string, ...dims: number[]): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return `tensor ${name} float32[${dims}] = [${[...numbers(count)].map((x) => x.toFixed(3))}]`;
}

function numbers(count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => stream.between(-1, 1));
}
