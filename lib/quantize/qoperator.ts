import { lookUp } from "../look_up.ts";
import type { ActivationParams } from "./activation_params.ts";
import { intAttribute, makeNode } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { AttributeValue } from "../onnx/node.ts";
import { activationInputs, biasOf, type StaticUnit } from "./static_units.ts";
import { existingForm } from "./existing_int8.ts";
import { addOperand, addWeights, type Integers, type WeightsAndBias } from "./integer_constants.ts";
import {
  integerInputs,
  keptAttributes,
  parametersOf,
  type StaticContext,
  type StaticWriter,
} from "./static_writer.ts";

/** A tensor of integers. */
interface IntegerTensor extends ActivationParams {
  readonly integers: string;
}

/** The domain of onnxruntime's own operators. */
const CONTRIB = "com.microsoft";

/**
 * Writes static units as operators on integers (QLinearConv, QLinearAdd and the like, many of them
 * onnxruntime's own): what is written is what runs, with no fusion to rely on. A tensor is
 * dequantized once, under its own name, if someone reads it as float32.
 */
export class QOperatorWriter implements StaticWriter {
  readonly #context: StaticContext;
  readonly #integers = new Map<string, IntegerTensor>();

  constructor(context: StaticContext) {
    this.#context = context;
  }

  write(unit: StaticUnit): void {
    if (unit.operator.role === "carry") this.#carry(unit);
    else if (unit.operator.role === "compute") this.#compute(unit);
    else if (lookUp(IN_PLACE, unit.anchor.opType)) this.#follow(unit);
    else this.#aroundFloat(unit);
  }

  /** Moves the integers themselves; what comes out has the scale of what goes in. */
  #carry(unit: StaticUnit): void {
    const { anchor, results } = unit;
    const { builder, results: quantized } = this.#context;
    const source = this.#input(anchor.input[0]!, unit);
    const names = new Map(results.map((name) => [name, builder.fresh(`${name}_quantized`)]));
    builder.push({
      ...anchor,
      input: integerInputs(anchor, source),
      output: anchor.output.map((name) => names.get(name) ?? name),
    });
    for (const name of results) {
      if (quantized.has(name)) this.#remember(name, { ...source, integers: names.get(name)! });
    }
  }

  #compute(unit: StaticUnit): void {
    const { anchor } = unit;
    const { decisions: { facts }, builder } = this.#context;
    const input = this.#input(anchor.input[0]!, unit);
    const constant = facts.isConstant(anchor.input[1]);
    const parts: WeightsAndBias = constant
      ? addWeights(unit, input.params.scale, builder)
      : { weights: this.#input(anchor.input[1]!, unit) };
    if (anchor.opType === "Conv") this.#conv(unit, input, parts);
    else if (anchor.opType === "Gemm") this.#gemm(unit, input, parts);
    else this.#matMul(unit, input, parts.weights);
  }

  #conv(unit: StaticUnit, input: IntegerTensor, { weights, bias }: WeightsAndBias): void {
    const { anchor } = unit;
    const result = this.#result(unit);
    this.#context.builder.push({
      ...anchor,
      opType: "QLinearConv",
      input: [
        ...operand(input),
        ...operand(weights),
        ...[result.scale, result.zeroPoint],
        ...(bias ? [bias.integers] : []),
      ],
      output: [result.integers],
    });
    this.#remember(unit.results[0]!, result);
  }

  #gemm(unit: StaticUnit, input: IntegerTensor, { weights, bias }: WeightsAndBias): void {
    const { anchor, results: [name] } = unit as StaticUnit & { results: [string] };
    const { results } = this.#context;
    const inputs = [...operand(input), ...operand(weights), bias?.integers ?? ""];
    const attributes = { transB: intAttribute(anchor, "transB", 0) };
    if (results.has(name)) {
      const result = this.#result(unit);
      inputs.push(result.scale, result.zeroPoint);
      this.#push("QGemm", inputs, [result.integers], attributes, anchor);
      this.#remember(name, result);
    } else {
      this.#push("QGemm", inputs, [anchor.output[0]!], attributes, anchor);
      this.#context.builder.push(...unit.nodes.slice(1));
    }
  }

  /** The kernel gives float32, to which the Relu is applied before it is quantized. */
  #matMul(unit: StaticUnit, input: IntegerTensor, weights: Integers): void {
    const { anchor, results: [name] } = unit as StaticUnit & { results: [string] };
    const { builder, results } = this.#context;
    const bias = biasOf(unit);
    const inputs = [
      ...[input.integers, weights.integers, input.scale, weights.scale],
      ...[input.zeroPoint, weights.zeroPoint],
      ...(bias ? [bias] : []),
    ];
    const raw = results.has(name) ? builder.fresh(`${name}_float`) : name;
    const rename = (output: string) => output === name ? raw : output;
    // The kernel adds the bias, in the place of the Add behind the MatMul.
    const [last, ...absorbed] = bias ? unit.nodes.slice(1) : unit.nodes;
    this.#push("MatMulIntegerToFloat", inputs, last!.output.map(rename), {}, anchor);
    for (const node of absorbed) builder.push({ ...node, output: node.output.map(rename) });
    if (results.has(name)) this.#quantize(raw, name, unit);
  }

  #follow(unit: StaticUnit): void {
    const { anchor, operator } = unit;
    const { builder, decisions: { facts } } = this.#context;
    const read = anchor.input.map((name, i) => {
      if (!(operator.inputs?.includes(i) ?? true)) return [name];
      return operand(
        facts.isConstant(name) ? addOperand(name, unit.qconfig, builder) : this.#input(name, unit),
      );
    });
    const result = this.#result(unit);
    const written = [result.scale, result.zeroPoint];
    const { opType, resultFirst, attributes } = lookUp(IN_PLACE, anchor.opType)!;
    const inputs = resultFirst ? [...written, ...read.flat()] : [...read.flat(), ...written];
    builder.push({
      ...makeNode(opType, inputs, [result.integers], attributes ?? {}, {
        name: anchor.name,
        domain: CONTRIB,
      }),
      attribute: [
        ...keptAttributes(anchor),
        ...makeNode(opType, [], [], attributes ?? {}).attribute,
      ],
    });
    builder.requireDomain(CONTRIB, 1);
    this.#remember(unit.results[0]!, result);
  }

  /** A Relu or Clip by itself has no kernel on uint8: it stands between a change of precision. */
  #aroundFloat(unit: StaticUnit): void {
    const { anchor, operator, nodes, results: [name] } = unit as StaticUnit & { results: [string] };
    const { builder, decisions: { facts } } = this.#context;
    const activations = new Set(activationInputs(anchor, operator, facts));
    const input = anchor.input.map((name) =>
      activations.has(name) ? this.#asFloat(name, unit) : name
    );
    const raw = builder.fresh(`${name}_float`);
    for (const node of nodes) {
      const output = node.output.map((output) => output === name ? raw : output);
      builder.push({ ...node, input: node === anchor ? input : node.input, output });
    }
    this.#quantize(raw, name, unit);
  }

  #asFloat(name: string, reader: StaticUnit): string {
    const { builder, results } = this.#context;
    if (results.has(name)) return name; // dequantized under its own name, see #remember
    const { integers, scale, zeroPoint } = this.#input(name, reader);
    return builder.once(`dequantized ${name}`, () => {
      const dequantized = builder.fresh(`${name}_dequantized`);
      builder.push(makeNode("DequantizeLinear", [integers, scale, zeroPoint], [dequantized]));
      return dequantized;
    });
  }

  /** The integers of an activation; what comes in float32 is quantized when it is first wanted. */
  #input(name: string, reader: StaticUnit): IntegerTensor {
    const { builder, decisions: { facts } } = this.#context;
    const known = this.#integers.get(name) ?? existingForm(name, reader.qconfig.dtype, facts);
    if (known) return known;
    const { params, scale, zeroPoint } = parametersOf(name, reader, this.#context);
    const integers = builder.fresh(`${name}_quantized`);
    builder.push(makeNode("QuantizeLinear", [name, scale, zeroPoint], [integers]));
    const tensor = { params, scale, zeroPoint, integers };
    this.#integers.set(name, tensor);
    return tensor;
  }

  /** Name and parameters of what a unit is about to give. */
  #result(unit: StaticUnit): IntegerTensor {
    const [name] = unit.results as [string];
    const integers = this.#context.builder.fresh(`${name}_quantized`);
    return { ...parametersOf(name, unit, this.#context), integers };
  }

  #quantize(from: string, name: string, unit: StaticUnit): void {
    const result = this.#result(unit);
    const { scale, zeroPoint, integers } = result;
    this.#context.builder.push(makeNode("QuantizeLinear", [from, scale, zeroPoint], [integers]));
    this.#remember(name, result);
  }

  /** Keeps a result, and writes its float32 form, which goes if nobody reads it. */
  #remember(name: string, tensor: IntegerTensor): void {
    this.#integers.set(name, tensor);
    const { integers, scale, zeroPoint } = tensor;
    this.#context.builder.push(
      makeNode("DequantizeLinear", [integers, scale, zeroPoint], [name]),
    );
  }

  #push(
    opType: string,
    inputs: string[],
    outputs: string[],
    attributes: Record<string, AttributeValue>,
    { name }: NodeProto,
  ): void {
    const { builder } = this.#context;
    builder.push(makeNode(opType, inputs, outputs, attributes, { name, domain: CONTRIB }));
    builder.requireDomain(CONTRIB, 1);
  }
}

/** Operators of onnxruntime that do on integers what a standard one does on floats. */
const IN_PLACE: Readonly<
  Record<string, {
    readonly opType: string;
    /** Scale and zero point of the result come before the inputs, not behind. */
    readonly resultFirst?: true;
    readonly attributes?: Record<string, AttributeValue>;
  }>
> = {
  Add: { opType: "QLinearAdd" },
  AveragePool: { opType: "QLinearAveragePool" },
  Concat: { opType: "QLinearConcat", resultFirst: true },
  GlobalAveragePool: { opType: "QLinearGlobalAveragePool" },
  LeakyRelu: { opType: "QLinearLeakyRelu" },
  Mul: { opType: "QLinearMul" },
  Sigmoid: { opType: "QLinearSigmoid" },
  // The operator asks for the opset whose Softmax it is to be: from 13 on, along one axis.
  Softmax: { opType: "QLinearSoftmax", attributes: { opset: 13 } },
  Where: { opType: "QLinearWhere" },
};

/** A tensor as QLinear operators read it. */
function operand({ integers, scale, zeroPoint }: Integers): string[] {
  return [integers, scale, zeroPoint];
}
