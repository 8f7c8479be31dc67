import { create } from "@bufbuild/protobuf";
import { constants } from "../../lib/onnx/graph.ts";
import { floatAttribute, intAttribute, intsAttribute } from "../../lib/onnx/node.ts";
import { type GraphProto, type NodeProto, NodeProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { roundEven } from "../../lib/tensor/round.ts";
import { elementCount, type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";

/** A tensor of plain numbers: integers up to 2^53 are exact in them. */
export interface Plain {
  readonly dims: readonly number[];
  readonly data: readonly number[];
  /** The integers it can hold; of quantized tensors alone. */
  readonly grid?: readonly [qmin: number, qmax: number];
}

const GRIDS: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
};

/**
 * Runs a graph of integer operators, as the QOperator format writes it, slowly and plainly: sums of
 * products are exact, and what the kernels compute in float32 is rounded where they round it.
 *
 * @returns All values by name.
 */
export function runReference(graph: GraphProto, feeds: Feeds): Map<string, Plain> {
  const values = new Map<string, Plain>();
  for (const [name, tensor] of constants(graph)) values.set(name, plain(readTensorProto(tensor)));
  for (const [name, tensor] of Object.entries(feeds)) values.set(name, plain(tensor));
  for (const node of graph.node) {
    const compute = OPERATORS[node.opType];
    if (!compute) throw new Error(`There is no reference for ${node.opType}`);
    const inputs = node.input.map((name) => values.get(name)!); // undefined for ""
    values.set(node.output[0]!, compute(node, inputs));
  }
  return values;
}

/** A float32 tensor as integers of this scale and zero point have it. */
export function throughIntegers(
  tensor: Tensor,
  scale: Tensor,
  zeroPoint: Tensor,
): Tensor<"float32"> {
  const [x, s, z] = [plain(tensor), plain(scale), plain(zeroPoint)];
  const q = OPERATORS["QuantizeLinear"]!(create(NodeProtoSchema), [x, s, z]);
  const { data } = OPERATORS["DequantizeLinear"]!(create(NodeProtoSchema), [q, s, z]);
  return float32(tensor.dims, data);
}

function plain({ type, dims, data }: Tensor): Plain {
  return { dims, data: Array.from(data as ArrayLike<number>, Number), grid: GRIDS[type] };
}

type Operator = (node: NodeProto, inputs: readonly Plain[]) => Plain;

const OPERATORS: Readonly<Record<string, Operator>> = {
  QuantizeLinear: (_, [x, scale, zero]) => {
    const data = x!.data.map((v) => saturate(roundEven(Math.fround(v / scale!.data[0]!)), zero!));
    return { dims: x!.dims, data, grid: zero!.grid };
  },
  DequantizeLinear: (_, [q, scale, zero]) => ({
    dims: q!.dims,
    data: q!.data.map((v) => Math.fround((v - zero!.data[0]!) * scale!.data[0]!)),
  }),
  QLinearConv: (node, [x, sx, zx, w, sw, zw, sy, zy, bias]) => {
    const sums = convolve(node, centred(x!, zx!), centred(w!, zw!));
    const [, channels] = sums.dims as [number, number];
    const run = elementCount(sums.dims.slice(2));
    const channelOf = (i: number) => Math.floor(i / run) % channels;
    const withBias = sums.data.map((v, i) => v + (bias?.data[channelOf(i)] ?? 0));
    return requantize({ ...sums, data: withBias }, scales(sx!, sw!, sy!), channelOf, zy!);
  },
  QGemm: (node, [a, sa, za, b, sb, zb, bias, sy, zy]) => {
    const right = centred(b!, zb!);
    const matrix = intAttribute(node, "transB", 0) === 1 ? transpose(right) : right;
    const sums = multiply(centred(a!, za!), matrix);
    const columns = matrix.dims[1]!;
    const withBias = sums.data.map((v, i) => v + (bias?.data[i % columns] ?? 0));
    const total = { ...sums, data: withBias };
    return sy
      ? requantize(total, scales(sa!, sb!, sy), (i) => i % columns, zy!)
      : scaled(total, scales(sa!, sb!), (i) => i % columns);
  },
  MatMulIntegerToFloat: (_, [a, b, sa, sb, za, zb, bias]) => {
    const sums = multiply(centred(a!, za!), centred(b!, zb!));
    const columns = b!.dims.at(-1)!;
    const products = scaled(sums, scales(sa!, sb!), (i) => i % columns);
    const withBias = products.data.map((v, i) => Math.fround(v + (bias?.data[i % columns] ?? 0)));
    return { ...products, data: withBias };
  },
  QLinearGlobalAveragePool: (_, [x, sx, zx, sy, zy]) => {
    const [batch, channels, ...map] = x!.dims as [number, number, ...number[]];
    const run = elementCount(map);
    const { data } = centred(x!, zx!);
    const sums = Array.from(
      { length: batch * channels },
      (_, c) => data.slice(c * run, (c + 1) * run).reduce((a, b) => a + b),
    );
    const scale = Math.fround(sx!.data[0]! / Math.fround(sy!.data[0]! * run));
    return requantize(
      { dims: [batch, channels, ...map.map(() => 1)], data: sums },
      [scale],
      () => 0,
      zy!,
    );
  },
  QLinearAdd: (_, [a, sa, za, b, sb, zb, sy, zy]) => {
    const [left, right] = [centred(a!, za!), centred(b!, zb!)];
    const [byA, byB] = [ratio(sa!, sy!), ratio(sb!, sy!)];
    const sum = broadcast(left, right, (p, q) => roundEven(p * byA + q * byB));
    return { ...sum, data: sum.data.map((v) => saturate(v, zy!)), grid: zy!.grid };
  },
  QLinearMul: (_, [a, sa, za, b, sb, zb, sy, zy]) => {
    const scale = Math.fround(Math.fround(sa!.data[0]! * sb!.data[0]!) / sy!.data[0]!);
    const product = broadcast(
      centred(a!, za!),
      centred(b!, zb!),
      (p, q) => roundEven(Math.fround(p * q * scale)),
    );
    return { ...product, data: product.data.map((v) => saturate(v, zy!)), grid: zy!.grid };
  },
  QLinearLeakyRelu: (node, [x, sx, zx, sy, zy]) => {
    const alpha = Math.fround(floatAttribute(node, "alpha", 0.01));
    const data = x!.data.map((q) => {
      const v = Math.fround((q - zx!.data[0]!) * sx!.data[0]!);
      return saturate(
        roundEven(Math.fround(Math.fround(v < 0 ? v * alpha : v) / sy!.data[0]!)),
        zy!,
      );
    });
    return { dims: x!.dims, data, grid: zy!.grid };
  },
  MaxPool: (node, [x]) => maxPool(node, x!),
};

/** An integer in the range of the type, counted from its zero point. */
function saturate(q: number, { data: [zero], grid }: Plain): number {
  const [qmin, qmax] = grid!;
  return Math.min(Math.max(q + zero!, qmin), qmax);
}

/** Integers less their zero point; there may be one for each of the first axis, all equal. */
function centred({ dims, data }: Plain, zero: Plain): Plain {
  return { dims, data: data.map((q) => q - zero.data[0]!) };
}

function ratio(a: Plain, b: Plain): number {
  return Math.fround(a.data[0]! / b.data[0]!);
}

/** What sums of products stand for, one for each channel of the weights: in float32 throughout. */
function scales(input: Plain, weights: Plain, output?: Plain): number[] {
  return weights.data.map((scale) => {
    const product = Math.fround(input.data[0]! * scale);
    return output ? Math.fround(product / output.data[0]!) : product;
  });
}

function requantize(
  { dims, data }: Plain,
  scales: readonly number[],
  channelOf: (i: number) => number,
  zero: Plain,
): Plain {
  const of = (i: number) => scales[scales.length === 1 ? 0 : channelOf(i)]!;
  const q = data.map((v, i) => saturate(roundEven(Math.fround(Math.fround(v) * of(i))), zero));
  return { dims, data: q, grid: zero.grid };
}

function scaled(
  { dims, data }: Plain,
  scales: readonly number[],
  channelOf: (i: number) => number,
): Plain {
  const of = (i: number) => scales[scales.length === 1 ? 0 : channelOf(i)]!;
  return { dims, data: data.map((v, i) => Math.fround(Math.fround(v) * of(i))) };
}

function transpose({ dims: [rows, columns], data }: Plain): Plain {
  const turned = Array.from(data, (_, i) => data[i % rows! * columns! + Math.floor(i / rows!)]!);
  return { dims: [columns!, rows!], data: turned };
}

/** [..., m, k] by [k, n] or [..., k, n]. */
function multiply(a: Plain, b: Plain): Plain {
  const [m, k] = a.dims.slice(-2) as [number, number];
  const n = b.dims.at(-1)!;
  const count = elementCount(a.dims) / (m * k);
  const shared = b.dims.length === 2;
  const data: number[] = [];
  for (let s = 0; s < count; s++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += a.data[(s * m + i) * k + l]! * b.data[((shared ? 0 : s * k) + l) * n + j]!;
        }
        data.push(sum);
      }
    }
  }
  return { dims: [...a.dims.slice(0, -1), n], data };
}

/** Combines two tensors whose shapes broadcast. */
function broadcast(a: Plain, b: Plain, combine: (x: number, y: number) => number): Plain {
  const rank = Math.max(a.dims.length, b.dims.length);
  const shape = (x: Plain) => [...Array(rank - x.dims.length).fill(1), ...x.dims] as number[];
  const [da, db] = [shape(a), shape(b)];
  const dims = da.map((length, i) => Math.max(length, db[i]!));
  const offset = (own: readonly number[], place: readonly number[]) =>
    own.reduce((sum, length, i) => sum * length + (length === 1 ? 0 : place[i]!), 0);
  const data = places(dims).map((place) =>
    combine(a.data[offset(da, place)]!, b.data[offset(db, place)]!)
  );
  return { dims, data };
}

/** Every index of a shape, in row-major order. */
function places(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (all, length) => all.flatMap((place) => Array.from({ length }, (_, i) => [...place, i])),
    [[]],
  );
}

/** Where a window over a map of any number of dimensions stands. */
interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before each dimension. */
  readonly begin: readonly number[];
  readonly output: readonly number[];
}

function windowOf(node: NodeProto, map: readonly number[], kernel: readonly number[]): Window {
  const rank = map.length;
  const filled = (value: number) => Array<number>(rank).fill(value);
  const strides = intsAttribute(node, "strides", filled(1));
  const dilations = intsAttribute(node, "dilations", filled(1));
  const pads = intsAttribute(node, "pads", [...filled(0), ...filled(0)]);
  const output = map.map((length, i) => {
    const reach = (kernel[i]! - 1) * dilations[i]! + 1;
    return Math.floor((length + pads[i]! + pads[i + rank]! - reach) / strides[i]!) + 1;
  });
  return { strides, dilations, begin: pads.slice(0, rank), output };
}

/** Offset of a tap of a window in the map; undefined where it lies in the padding. */
function tapOffset(
  { strides, dilations, begin }: Window,
  map: readonly number[],
  place: readonly number[],
  tap: readonly number[],
): number | undefined {
  let offset = 0;
  for (let i = 0; i < map.length; i++) {
    const at = place[i]! * strides[i]! + tap[i]! * dilations[i]! - begin[i]!;
    if (at < 0 || at >= map[i]!) return undefined;
    offset = offset * map[i]! + at;
  }
  return offset;
}

/** [batch, in, ...map] with weights [out, in / group, ...kernel]. */
function convolve(node: NodeProto, x: Plain, w: Plain): Plain {
  const [batch, inputs, ...map] = x.dims as [number, number, ...number[]];
  const [outputs, perGroup, ...kernel] = w.dims as [number, number, ...number[]];
  const group = intAttribute(node, "group", 1);
  const window = windowOf(node, map, kernel);
  const taps = places(kernel);
  const [mapSize, taken] = [elementCount(map), elementCount(kernel)];
  const data: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      const first = Math.floor(o / (outputs / group)) * perGroup;
      for (const place of places(window.output)) {
        let sum = 0;
        taps.forEach((tap, t) => {
          const offset = tapOffset(window, map, place, tap);
          if (offset === undefined) return;
          for (let c = 0; c < perGroup; c++) {
            sum += x.data[(n * inputs + first + c) * mapSize + offset]! *
              w.data[(o * perGroup + c) * taken + t]!;
          }
        });
        data.push(sum);
      }
    }
  }
  return { dims: [batch, outputs, ...window.output], data };
}

function maxPool(node: NodeProto, x: Plain): Plain {
  const [batch, channels, ...map] = x.dims as [number, number, ...number[]];
  const kernel = intsAttribute(node, "kernel_shape", []);
  const window = windowOf(node, map, kernel);
  const [taps, mapSize] = [places(kernel), elementCount(map)];
  const data = Array.from(
    { length: batch * channels },
    (_, c) =>
      places(window.output).map((place) =>
        Math.max(...taps.flatMap((tap) => {
          const offset = tapOffset(window, map, place, tap);
          return offset === undefined ? [] : [x.data[c * mapSize + offset]!];
        }))
      ),
  ).flat();
  return { dims: [batch, channels, ...window.output], data, grid: x.grid };
}
