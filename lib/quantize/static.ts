import type { Range } from "../calibrate/range.ts";
import type { Observer } from "../calibrate/observers.ts";
import { makeNode } from "../onnx/node.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { type AffineParams, affineParams, quantizeValue, UINT8 } from "./affine.ts";
import type { Builder } from "./builder.ts";
import { activationInputs, type Decisions, type StaticUnit } from "./decide.ts";
import { ceiling } from "./tails.ts";
import { channelAxes } from "./weight_axes.ts";
import { biasScaleFloor, quantizeBias, quantizeWeights } from "./weights.ts";

/**
 * Whether the result of a unit becomes uint8. A Conv kernel gives nothing else; a Gemm or MatMul can
 * give float32 at no cost, and does where nobody reads the result as int8.
 */
export function quantizesResult(unit: StaticUnit, decisions: Decisions): boolean {
  return unit.head.opType === "Conv" || unit.operator.role !== "compute" ||
    unit.results.some((name) => readsAsInt8(name, decisions));
}

/** Whether some reader of a tensor reads it as uint8. */
export function readsAsInt8(name: string, decisions: Decisions): boolean {
  return decisions.facts.consumers(name).some((reader) => {
    const unit = decisions.units.get(decisions.of.get(reader)?.head ?? reader);
    return unit !== undefined && unit.nodes.includes(reader) &&
      activationInputs(reader, unit.operator, decisions.facts).includes(name);
  });
}

/** Tensors that come out of a unit as uint8, with that unit. */
export function quantizedResults(decisions: Decisions): Map<string, StaticUnit> {
  const units = [...decisions.units.values()].filter((unit) => quantizesResult(unit, decisions));
  return new Map(units.flatMap((unit) => unit.results.map((name) => [name, unit])));
}

/**
 * The tensors whose range calibration has to find, each with the observer that is to choose it: what
 * enters a unit in float32, and what leaves one, but not what keeps the scale it came in with.
 */
export function rangedTensors(decisions: Decisions): Map<string, Observer> {
  const results = quantizedResults(decisions);
  const ranged = new Map<string, Observer>();
  for (const unit of decisions.units.values()) {
    for (const name of activationInputs(unit.head, unit.operator, decisions.facts)) {
      if (!results.has(name) && !ranged.has(name)) ranged.set(name, unit.qconfig.activation);
    }
    if (unit.operator.role === "carry") continue;
    for (const name of unit.results) {
      if (results.has(name)) ranged.set(name, unit.qconfig.activation);
    }
  }
  return ranged;
}

/** Names of the quantized forms of a tensor, and the parameters they share. */
interface QuantizedTensor {
  readonly params: AffineParams;
  /** Initializers. */
  readonly scale: string;
  readonly zeroPoint: string;
  /** Result of DequantizeLinear: what int8 readers read. */
  readonly dequantized: string;
}

/**
 * Writes static units as the kernels want them: operators between DequantizeLinear and
 * QuantizeLinear, which the runtime fuses into integer ones. Each tensor has one scale, one zero
 * point and one pair of nodes, however many read it. A tensor that leaves a unit keeps its name
 * after the pair, so that every other reader, bodies and graph outputs included, reads what int8 made
 * of it.
 */
export class StaticWriter {
  readonly #builder: Builder;
  readonly #decisions: Decisions;
  readonly #rangeOf: (name: string) => Range;
  readonly #results: ReadonlyMap<string, StaticUnit>;
  readonly #quantized = new Map<string, QuantizedTensor>();

  constructor(
    builder: Builder,
    decisions: Decisions,
    results: ReadonlyMap<string, StaticUnit>,
    rangeOf: (name: string) => Range,
  ) {
    this.#builder = builder;
    this.#decisions = decisions;
    this.#rangeOf = rangeOf;
    this.#results = results;
  }

  write(unit: StaticUnit): void {
    const { head, operator, nodes } = unit;
    const { facts } = this.#decisions;
    const activations = new Set(activationInputs(head, operator, facts));
    const inputs = head.input.map((name, i) => {
      if (activations.has(name)) return this.#input(name).dequantized;
      const isOperand = operator.role === "follow" && (operator.inputs?.includes(i) ?? true);
      return isOperand && facts.floatConstant(name) ? this.#constant(name) : name;
    });
    if (operator.role === "compute" && facts.isConstant(head.input[1])) {
      const [weights, bias] = this.#weights(unit, this.#input(head.input[0]!).params.scale);
      inputs[1] = weights;
      if (bias) inputs[2] = bias;
    }
    const raw = new Map(
      unit.results
        .filter((name) => this.#results.has(name))
        .map((name) => [name, this.#builder.fresh(`${name}_float`)]),
    );
    for (const node of nodes) {
      const output = node.output.map((name) => raw.get(name) ?? name);
      this.#builder.push({ ...node, input: node === head ? inputs : node.input, output });
    }
    for (const [name, from] of raw) {
      const parameters = operator.role === "carry"
        ? this.#input(head.input[0]!)
        : this.#parameters(name, this.#affine(name, ceiling(nodes, facts)));
      this.#pair(from, name, name, parameters);
    }
  }

  /** The quantized form of an activation, written when it is first wanted. */
  #input(name: string): QuantizedTensor {
    const known = this.#quantized.get(name);
    if (known) return known;
    const dequantized = this.#builder.fresh(`${name}_dequantized`);
    return this.#pair(
      name,
      dequantized,
      name,
      this.#parameters(name, this.#affine(name, Infinity)),
    );
  }

  #affine(name: string, ceiling: number): AffineParams {
    const params = affineParams(this.#rangeOf(name));
    // The runtime drops a Clip only if no integer stands for more than the Clip lets through.
    return params.scale * UINT8.qmax > ceiling
      ? { ...params, scale: previousFloat(Math.fround(ceiling / UINT8.qmax)) }
      : params;
  }

  #parameters(name: string, params: AffineParams) {
    const scale = this.#builder.constant(`${name}_scale`, {
      type: "float32",
      dims: [],
      data: Float32Array.of(params.scale),
    });
    const zeroPoint = this.#builder.constant(`${name}_zero_point`, {
      type: "uint8",
      dims: [],
      data: Uint8Array.of(params.zeroPoint),
    });
    return { params, scale, zeroPoint };
  }

  /** Writes QuantizeLinear and DequantizeLinear, and remembers them as the form of a tensor. */
  #pair(
    from: string,
    to: string,
    name: string,
    { params, scale, zeroPoint }: Omit<QuantizedTensor, "dequantized">,
  ): QuantizedTensor {
    const integers = this.#builder.fresh(`${name}_quantized`);
    this.#builder.push(
      makeNode("QuantizeLinear", [from, scale, zeroPoint], [integers]),
      makeNode("DequantizeLinear", [integers, scale, zeroPoint], [to]),
    );
    const form = { params, scale, zeroPoint, dequantized: to };
    this.#quantized.set(name, form);
    return form;
  }

  /** A constant that an Add, Mul or Concat reads: uint8 with one scale, as its kernel wants both. */
  #constant(name: string): string {
    const tensor = readTensorProto(this.#decisions.facts.floatConstant(name)!);
    const values = tensor.data as Float32Array;
    const [min, max] = values.reduce(
      ([low, high], x) => [Math.min(low, x), Math.max(high, x)],
      [0, 0],
    );
    const { params, scale, zeroPoint } = this.#parameters(name, affineParams({ min, max }));
    const data = Uint8Array.from(values, (x) => quantizeValue(x, params, UINT8));
    const integers = this.#builder.constant(`${name}_quantized`, {
      type: "uint8",
      dims: tensor.dims,
      data,
    });
    const dequantized = this.#builder.fresh(`${name}_dequantized`);
    this.#builder.push(
      makeNode("DequantizeLinear", [integers, scale, zeroPoint], [dequantized]),
    );
    return dequantized;
  }

  /** int8 weights and int32 bias, each behind DequantizeLinear. */
  #weights(unit: StaticUnit, inputScale: number): [weights: string, bias: string | undefined] {
    const { head, qconfig } = unit;
    const { facts } = this.#decisions;
    const tensor = readTensorProto(facts.floatConstant(head.input[1])!);
    const biasTensor = head.input[2]
      ? readTensorProto(facts.floatConstant(head.input[2])!)
      : undefined;
    const bias = biasTensor?.data as Float32Array | undefined;
    const axes = qconfig.weight.granularity === "channel" && tensor.dims.length > 1
      ? channelAxes(head, 1, tensor.dims)
      : [];
    const floor = bias && biasScaleFloor(bias, inputScale);
    const leastScale = floor && axes.length === 0 ? Float32Array.of(maximum(floor)) : floor;
    const weights = quantizeWeights(tensor.data as Float32Array, tensor.dims, axes, leastScale);
    const base = `${head.output[0]}_weights`;
    const names: [string, string | undefined] = [
      this.#integers(
        base,
        {
          type: "int8",
          dims: tensor.dims,
          data: weights.values,
        },
        weights.scales,
        axes,
      ),
      undefined,
    ];
    if (bias && biasTensor) {
      const { values, scales } = quantizeBias(bias, inputScale, weights.scales);
      names[1] = this.#integers(
        `${head.output[0]}_bias`,
        { type: "int32", dims: [bias.length], data: values },
        scales,
        axes.length === 0 ? [] : [0],
      );
    }
    return names;
  }

  #integers(
    base: string,
    tensor: Parameters<Builder["constant"]>[1],
    scales: Float32Array,
    axes: readonly number[],
  ): string {
    const integers = this.#builder.constant(`${base}_quantized`, tensor);
    const perChannel = axes.length > 0;
    const scale = this.#builder.constant(`${base}_scale`, {
      type: "float32",
      dims: perChannel ? [scales.length] : [],
      data: scales,
    });
    const zeros = tensor.type === "int8" ? new Int8Array(scales.length) : undefined;
    // int32 has no zero point to name: DequantizeLinear takes 0.
    const inputs = [integers, scale];
    if (zeros) {
      inputs.push(this.#builder.constant(`${base}_zero_point`, {
        type: "int8",
        dims: perChannel ? [scales.length] : [],
        data: zeros,
      }));
    }
    const dequantized = this.#builder.fresh(base);
    this.#builder.push(
      makeNode("DequantizeLinear", inputs, [dequantized], {
        ...(perChannel && { axis: axes[0]! }),
      }),
    );
    return dequantized;
  }
}

/** The largest float32 below a positive one. */
function previousFloat(x: number): number {
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0]! -= 1;
  return new Float32Array(bits.buffer)[0]!;
}

function maximum(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
