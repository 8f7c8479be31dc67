import { intsAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { afterConversion, bringsChannelsFirst, bringsChannelsLast } from "./tensor_form.ts";
import type { Conversion, TensorForm } from "./tensor_form.ts";

/** A change of form at the edge of what was executed. */
export interface EdgeNode {
  readonly node: NodeProto;
  readonly step: Conversion;
}

/** What is at the edges of a part of a network, and so belongs to its neighbours as much as to it. */
export interface Edges {
  /** Form in which the part itself reads its inputs. */
  readonly input: TensorForm;
  /** Form in which it gives its outputs. */
  readonly output: TensorForm;
  readonly nodes: readonly EdgeNode[];
}

/**
 * Finds the changes of precision and layout at the edges of an executed part that is fed and read as
 * float32: between neighbours that want the same form, they are not there.
 *
 * @param nodes Executed nodes.
 * @param isOwn Whether a node is one of the part's own, which stays even if it is a Transpose.
 */
export function findEdges(
  nodes: readonly NodeProto[],
  inputs: readonly string[],
  outputs: readonly string[],
  isOwn: (node: NodeProto) => boolean,
): Edges {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node])));
  const readersOf = (name: string) => nodes.filter(({ input }) => input.includes(name));
  const found: EdgeNode[] = [];
  const taken = new Set<NodeProto>();
  const take = (node: NodeProto, step: Conversion) => {
    found.push({ node, step });
    taken.add(node);
  };
  const given = new Set(outputs);

  let input: TensorForm | undefined;
  for (const name of inputs) {
    let form: TensorForm = "float";
    for (let at = name;;) {
      const readers = readersOf(at);
      const [reader] = readers;
      // Several readers, or one that is there for several inputs, are the part itself.
      if (!reader || readers.length > 1 || given.has(at) || taken.has(reader)) break;
      const step = isOwn(reader) ? undefined : stepIn(reader, form);
      if (!step || reader.input[0] !== at) break;
      take(reader, step);
      form = afterConversion(form, step);
      at = reader.output[0]!;
    }
    input ??= form;
  }

  let output: TensorForm | undefined;
  for (const name of outputs) {
    let form: TensorForm = "float";
    for (let at = name;;) {
      const maker = makers.get(at);
      if (!maker || taken.has(maker) || readersOf(at).length > (at === name ? 0 : 1)) break;
      const step = isOwn(maker) ? undefined : stepOut(maker, form);
      if (!step) break;
      take(maker, step);
      form = before(form, step);
      at = maker.input[0]!;
    }
    output ??= form;
  }
  return { input: input ?? "float", output: output ?? "float", nodes: found };
}

/** The step a node does to a tensor on its way in. */
function stepIn(node: NodeProto, form: TensorForm): Conversion | undefined {
  if (node.opType === "QuantizeLinear") return "quantize";
  if (node.opType !== "Transpose" || form.endsWith("Last")) return undefined;
  if (!bringsChannelsLast(intsAttribute(node, "perm", []))) return undefined;
  return form === "float" ? "transposeFloat" : "transposeInt8";
}

/** The step a node does to a tensor on its way out, seen from behind. */
function stepOut(node: NodeProto, form: TensorForm): Conversion | undefined {
  if (node.opType === "DequantizeLinear") return "dequantize";
  if (node.opType !== "Transpose" || form.endsWith("Last")) return undefined;
  if (!bringsChannelsFirst(intsAttribute(node, "perm", []))) return undefined;
  return form === "float" ? "transposeFloat" : "transposeInt8";
}

/** The form before a step that led to `form`. */
function before(form: TensorForm, step: Conversion): TensorForm {
  if (step === "dequantize") return form === "floatLast" ? "int8Last" : "int8";
  return afterConversion(form, step);
}
