import { isStandard, stringAttribute } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { copyStrided, strides } from "./evaluate/strided.ts";
import { type FloatType, Parameters } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";
import { type NodeWriter, replaceNodes } from "./replacement.ts";

/**
 * Writes an Einsum of a value and a constant that is a matrix product as one: a 1x1 Conv where the value is
 * a map with its channels second, else a MatMul between Transposes and Reshapes, as far as it needs them.
 * One that is none (a diagonal, a sum over an axis of one operand, three operands) stays.
 */
export function einsumToMatMul(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "Einsum")) return graph;
  const parameters = new Parameters(graph, context);
  const ranks = visibleRanks(graph, context);
  return replaceNodes(graph, context, (node, write) => {
    const product = isStandard(node) ? readProduct(node, parameters, ranks) : undefined;
    if (!product) return undefined;
    const result = writeConv(product, write) ?? writeMatMul(product, write);
    // What computes keeps the name of the Einsum, by which rules mean it.
    const at = write.nodes.findIndex(({ opType }) => opType === "Conv" || opType === "MatMul");
    write.nodes[at] = { ...write.nodes[at]!, name: node.name };
    return result;
  });
}

/** A matrix product in letters, one for each axis. */
interface Product {
  /** The value. */
  readonly x: string;
  /** Name of the constant, and what it holds. */
  readonly w: string;
  readonly weight: Tensor<FloatType>;
  readonly ofX: readonly string[];
  readonly ofW: readonly string[];
  readonly ofY: readonly string[];
  /** Letters that are in all three: a stack of products. */
  readonly stacked: readonly string[];
  /** Letters that are summed over. */
  readonly summed: readonly string[];
  /** Letters of the value, and of the constant, that only the result has besides, in their order. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
}

function readProduct(
  node: NodeProto,
  parameters: Parameters,
  ranks: ReadonlyMap<string, number>,
): Product | undefined {
  if (node.opType !== "Einsum" || node.input.length !== 2) return undefined;
  const index = node.input.findIndex((name) => parameters.read(name));
  const x = node.input[1 - index];
  const w = node.input[index];
  if (index < 0 || x === undefined || w === undefined || parameters.read(x)) return undefined;
  const weight = parameters.read(w)!;
  const terms = lettersOf(
    stringAttribute(node, "equation", ""),
    (place) => place === index ? weight.dims.length : ranks.get(x),
  );
  if (!terms) return undefined;
  const [ofX, ofW, ofY] = [terms[1 - index]!, terms[index]!, terms[2]!];
  const once = [ofX, ofW, ofY].every((letters) => new Set(letters).size === letters.length);
  if (!once || ofW.length !== weight.dims.length) return undefined;
  const stacked = ofY.filter((one) => ofX.includes(one) && ofW.includes(one));
  const summed = ofX.filter((one) => ofW.includes(one) && !ofY.includes(one));
  const rows = ofX.filter((one) => !ofW.includes(one));
  const columns = ofW.filter((one) => !ofX.includes(one));
  const whole = [...rows, ...columns].every((one) => ofY.includes(one)) &&
    ofY.length === stacked.length + rows.length + columns.length;
  if (!whole || summed.length === 0 || rows.length === 0) return undefined;
  return { x, w, weight, ofX, ofW, ofY, stacked, summed, rows, columns };
}

/** The letters of both operands and of the result; an ellipsis becomes the numbers of its axes. */
function lettersOf(
  equation: string,
  rankOf: (place: number) => number | undefined,
): string[][] | undefined {
  const [left = "", right] = equation.replaceAll(" ", "").split("->");
  const operands = left.split(",");
  if (operands.length !== 2) return undefined;
  let open = 0; // axes of the longest ellipsis, which the shorter ones share from the end
  const lengths = operands.map((term, place) => {
    if (!term.includes("...")) return 0;
    const rank = rankOf(place);
    const length = rank === undefined ? NaN : rank - term.length + 3;
    open = Math.max(open, length);
    return length;
  });
  if (!lengths.every((length) => length >= 0)) return undefined;
  const spread = (term: string, length: number) =>
    term.split(/(\.\.\.|[A-Za-z])/).filter((part) => part !== "").flatMap((part) =>
      part === "..." ? Array.from({ length }, (_, i) => String(open - length + i)) : [part]
    );
  const terms = operands.map((term, place) => spread(term, lengths[place]!));
  const all = terms.flat();
  const implied = () => {
    const single = all.filter((one) =>
      /[A-Za-z]/.test(one) && all.indexOf(one) === all.lastIndexOf(one)
    );
    return [...spread("...", open), ...single.sort()];
  };
  const result = right === undefined ? implied() : spread(right, open);
  return [...terms, result].flat().every((part) => /^([A-Za-z]|\d+)$/.test(part))
    ? [...terms, result]
    : undefined;
}

/** [n, c, ...] by [o, c] to [n, o, ...]: a convolution that looks at one place at a time. */
function writeConv(product: Product, write: NodeWriter): string | undefined {
  const { x, w, ofX, ofW, ofY, summed, columns, stacked } = product;
  const isMap = stacked.length === 0 && summed.length === 1 && columns.length === 1 &&
    ofX.length >= 3 && ofX.length <= 5 && ofX[1] === summed[0] &&
    ofY.join() === ofX.map((one, i) => i === 1 ? columns[0] : one).join();
  if (!isMap) return undefined;
  const ones = ofX.slice(2).map(() => 1);
  const kernel = write.weight(w, `kernel_${ofW.join("")}_${ones.length}`, () => {
    const { type, dims, data } = laidOut(product, [columns[0]!, summed[0]!]);
    return { type, dims: [...dims, ...ones], data };
  });
  return write.add("Conv", [x, kernel], { kernel_shape: ones });
}

function writeMatMul(product: Product, write: NodeWriter): string {
  const { x, w, weight, ofX, ofW, ofY, stacked, summed, rows, columns } = product;
  // All rows but the last stand before the stack, where MatMul repeats the constant for each of them.
  const outer = stacked.length > 0 ? [...rows.slice(0, -1), ...stacked, rows.at(-1)!] : rows;
  const perm = [...outer, ...summed].map((one) => ofX.indexOf(one));
  const lengthOf = (letters: readonly string[]) =>
    elementCount(letters.map((one) => weight.dims[ofW.indexOf(one)]!));
  const kept = outer.map(() => 0); // Reshape takes these lengths over
  let left = perm.every((axis, i) => axis === i) ? x : write.add("Transpose", [x], { perm });
  if (summed.length > 1) left = write.reshape(left, [...kept, lengthOf(summed)]);
  const form = `matrix_${[...ofW, "to", ...stacked, ...summed, ...columns].join("")}`;
  const matrix = write.weight(w, form, () => {
    const { type, data } = laidOut(product, [...stacked, ...summed, ...columns]);
    const dims = [
      ...stacked.map((one) => lengthOf([one])),
      lengthOf(summed),
      lengthOf(columns),
    ];
    return { type, dims, data };
  });
  let result = write.add("MatMul", [left, matrix]);
  if (columns.length !== 1) {
    result = write.reshape(result, [...kept, ...columns.map((one) => lengthOf([one]))]);
  }
  const order = [...outer, ...columns];
  const back = ofY.map((one) => order.indexOf(one));
  return back.every((axis, i) => axis === i)
    ? result
    : write.add("Transpose", [result], { perm: back });
}

/** The constant with its axes in this order. */
function laidOut({ weight, ofW }: Product, order: readonly string[]): Tensor<FloatType> {
  const from = order.map((one) => ofW.indexOf(one));
  const own = strides(weight.dims);
  const result = {
    ...weight,
    dims: from.map((axis) => weight.dims[axis]!),
    data: weight.data.slice(),
  };
  copyStrided(weight, result, from.map((axis) => own[axis]!));
  return result as Tensor<FloatType>;
}
