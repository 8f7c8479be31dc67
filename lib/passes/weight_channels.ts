import { intAttribute, isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { FloatType, Parameters } from "./parameters.ts";

/** The weights of a linear operator, seen as connections from input to output channels. */
export interface WeightChannels {
  readonly node: NodeProto;
  /** Name of the constant. */
  readonly name: string;
  readonly tensor: Tensor<FloatType>;
  readonly inputs: number;
  readonly outputs: number;
  /** Shows every element: its index, the output channel it adds to, the input channel it multiplies. */
  each(visit: (index: number, output: number, input: number) => void): void;
}

/** Operators whose outputs are linear in weights that {@linkcode weightChannels} can read. */
const LINEAR: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * Reads the weights of a Conv, ConvTranspose, Gemm or MatMul by a constant matrix. Undefined for other
 * nodes, and for weights that are no stored constants or that others read too.
 */
export function weightChannels(
  node: NodeProto,
  parameters: Parameters,
): WeightChannels | undefined {
  if (!isStandard(node) || !LINEAR.has(node.opType)) return undefined;
  const name = node.input[1] ?? "";
  const tensor = parameters.read(name);
  if (!tensor || !isOwn(name, node, parameters)) return undefined;
  const [first = 0, second = 0, ...kernel] = tensor.dims;
  const taps = kernel.reduce((product, length) => product * length, 1);
  const group = intAttribute(node, "group", 1);
  const of = (inputs: number, outputs: number, at: At): WeightChannels => ({
    ...{ node, name, tensor, inputs, outputs },
    each(visit) {
      let index = 0;
      for (let a = 0; a < first; a++) {
        for (let b = 0; b < second; b++) {
          const [output, input] = at(a, b);
          for (let tap = 0; tap < taps; tap++) visit(index++, output, input);
        }
      }
    },
  });
  switch (node.opType) {
    case "Conv": { // [out, in / group, ...kernel]
      const perGroup = first / group;
      return of(second * group, first, (a, b) => [a, Math.floor(a / perGroup) * second + b]);
    }
    case "ConvTranspose": { // [in, out / group, ...kernel]
      const perGroup = first / group;
      return of(first, second * group, (a, b) => [Math.floor(a / perGroup) * second + b, a]);
    }
    default: // Gemm: [n, k] if transB, else [k, n]; MatMul: [k, n]
      if (tensor.dims.length !== 2 || intAttribute(node, "transA", 0) !== 0) return undefined;
      return intAttribute(node, "transB", 0) !== 0
        ? of(second, first, (a, b) => [a, b])
        : of(first, second, (a, b) => [b, a]);
  }
}

type At = (a: number, b: number) => readonly [output: number, input: number];

/** Whether a node is the only reader of a constant, and reads it once. */
export function isOwn(name: string, node: NodeProto, parameters: Parameters): boolean {
  const readers = parameters.readers(name);
  return readers.length === 1 && readers[0] === node &&
    node.input.filter((input) => input === name).length === 1;
}
