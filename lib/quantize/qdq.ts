import type { ActivationParams } from "./activation_params.ts";
import { makeNode } from "../onnx/node.ts";
import { activationInputs, type StaticUnit } from "./static_units.ts";
import { existingForm } from "./existing_int8.ts";
import { addOperand, addWeights, type Integers } from "./integer_constants.ts";
import {
  integerInputs,
  keptAttributes,
  parametersOf,
  type StaticContext,
  type StaticWriter,
} from "./static_writer.ts";

/** A tensor between QuantizeLinear and DequantizeLinear. */
interface QuantizedTensor extends ActivationParams {
  readonly integers: string;
  /** What int8 readers read. */
  readonly dequantized: string;
}

/**
 * Writes static units as operators between DequantizeLinear and QuantizeLinear, which the runtime
 * fuses into integer ones. Each tensor has one scale, one zero point and one pair of nodes, however
 * many read it. A tensor that leaves a unit keeps its name after the pair, so that every other reader,
 * bodies and graph outputs included, reads what int8 made of it.
 */
export class QdqWriter implements StaticWriter {
  readonly #context: StaticContext;
  readonly #quantized = new Map<string, QuantizedTensor>();

  constructor(context: StaticContext) {
    this.#context = context;
  }

  write(unit: StaticUnit): void {
    if (unit.operator.onIntegers) this.#carryIntegers(unit);
    else this.#writeBetween(unit);
  }

  /** Moves the integers themselves; what comes out has the scale of what goes in. */
  #carryIntegers(unit: StaticUnit): void {
    const { anchor, results: [name] } = unit as StaticUnit & { results: [string] };
    const { builder } = this.#context;
    const source = this.#input(anchor.input[0]!, unit);
    const integers = builder.fresh(`${name}_quantized`);
    builder.push({ ...anchor, input: integerInputs(anchor, source), output: [integers] });
    this.#dequantizeAs(name, name, { ...source, integers });
  }

  /** Writes the unit's own nodes between DequantizeLinear and QuantizeLinear. */
  #writeBetween(unit: StaticUnit): void {
    const { builder, decisions: { facts }, results } = this.#context;
    const { anchor, operator, nodes } = unit;
    const activations = new Set(activationInputs(anchor, operator, facts));
    const inputs = anchor.input.map((name, i) => {
      if (activations.has(name)) return this.#input(name, unit).dequantized;
      const isOperand = operator.role === "follow" && (operator.inputs?.includes(i) ?? true);
      return isOperand && facts.floatConstant(name)
        ? this.#dequantize(addOperand(name, unit.qconfig, builder), `${name}_dequantized`)
        : name;
    });
    let addend: string | undefined; // of the Add behind a MatMul
    if (operator.role === "compute" && facts.isConstant(anchor.input[1])) {
      const { params } = this.#input(anchor.input[0]!, unit);
      const { weights, bias } = addWeights(unit, params.scale, builder);
      inputs[1] = this.#dequantize(weights, `${anchor.output[0]}_weights`);
      const dequantized = bias && this.#dequantize(bias, `${anchor.output[0]}_bias`);
      // Where shapes are known the runtime makes a Gemm of a MatMul and its Add, which computes on
      // integers only if the bias is one too.
      if (anchor.opType === "MatMul") addend = dequantized;
      else if (dequantized) inputs[2] = dequantized;
    }
    const raw = new Map(
      unit.results
        .filter((name) => results.has(name))
        .map((name) => [name, builder.fresh(`${name}_float`)]),
    );
    for (const node of nodes) {
      const output = node.output.map((name) => raw.get(name) ?? name);
      const isBias = addend !== undefined && node.opType === "Add";
      const input = node === anchor ? inputs : isBias ? [anchor.output[0]!, addend!] : node.input;
      builder.push({ ...node, input, output, attribute: keptAttributes(node) });
    }
    for (const [name, from] of raw) {
      const parameters = operator.role === "carry"
        ? this.#input(anchor.input[0]!, unit)
        : parametersOf(name, unit, this.#context);
      this.#pair(from, name, name, parameters);
    }
  }

  /** The quantized form of an activation, written when it is first wanted. */
  #input(name: string, reader: StaticUnit): QuantizedTensor {
    const { builder, decisions: { facts } } = this.#context;
    const known = this.#quantized.get(name);
    if (known) return known;
    const existing = existingForm(name, reader.qconfig.dtype, facts);
    if (existing) return { ...existing, dequantized: name };
    return this.#pair(
      name,
      builder.fresh(`${name}_dequantized`),
      name,
      parametersOf(name, reader, this.#context),
    );
  }

  /** Writes QuantizeLinear and DequantizeLinear. */
  #pair(from: string, to: string, name: string, parameters: ActivationParams): QuantizedTensor {
    const { builder } = this.#context;
    const { scale, zeroPoint } = parameters;
    const integers = builder.fresh(`${name}_quantized`);
    builder.push(makeNode("QuantizeLinear", [from, scale, zeroPoint], [integers]));
    return this.#dequantizeAs(to, name, { ...parameters, integers });
  }

  /** Writes DequantizeLinear, and remembers what it gives as the form of a tensor. */
  #dequantizeAs(
    to: string,
    name: string,
    parameters: ActivationParams & { readonly integers: string },
  ): QuantizedTensor {
    const { integers, scale, zeroPoint } = parameters;
    this.#context.builder.push(makeNode("DequantizeLinear", [integers, scale, zeroPoint], [to]));
    const form = { ...parameters, dequantized: to };
    this.#quantized.set(name, form);
    return form;
  }

  /** Writes DequantizeLinear for constant integers; a bias has no zero point to name. */
  #dequantize(
    { integers, scale, zeroPoint, axis }: Omit<Integers, "zeroPoint"> & { zeroPoint?: string },
    base: string,
  ): string {
    const { builder } = this.#context;
    const dequantized = builder.fresh(base);
    const inputs = [integers, scale, ...(zeroPoint ? [zeroPoint] : [])];
    const attributes = { ...(axis !== undefined && { axis }) };
    builder.push(makeNode("DequantizeLinear", inputs, [dequantized], attributes));
    return dequantized;
  }
}
