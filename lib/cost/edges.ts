import { intsAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import {
  afterConversion,
  bringsChannelsFirst,
  bringsChannelsLast,
  type Conversion,
  isChannelsLast,
  type TensorForm,
  tensorForm,
} from "./tensor_form.ts";

/** A change of form at the edge of what was executed. */
export interface EdgeNode {
  readonly node: NodeProto;
  readonly conversion: Conversion;
}

/** What is at the edges of a subgraph, and so belongs to its neighbours as much as to it. */
export interface Edges {
  /** Form in which the subgraph itself reads its inputs. */
  readonly input: TensorForm;
  /** Form in which it gives its outputs. */
  readonly output: TensorForm;
  readonly nodes: readonly EdgeNode[];
}

/**
 * Finds the changes of precision and layout at the edges of an executed subgraph that is fed and read
 * as float32: between neighbours that want the same form, they are not there.
 *
 * @param nodes Executed nodes.
 * @param isOwn Whether a node is one of the subgraph's own, which stays even if it is a Transpose.
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
  const take = (node: NodeProto, conversion: Conversion) => {
    found.push({ node, conversion });
    taken.add(node);
  };
  const given = new Set(outputs);

  let input: TensorForm | undefined;
  for (const name of inputs) {
    let form: TensorForm = "float";
    for (let at = name;;) {
      const readers = readersOf(at);
      const [reader] = readers;
      // Several readers, or one that is there for several inputs, are the subgraph itself.
      if (!reader || readers.length > 1 || given.has(at) || taken.has(reader)) break;
      const conversion = isOwn(reader) ? undefined : conversionIn(reader, form);
      if (!conversion || reader.input[0] !== at) break;
      take(reader, conversion);
      form = afterConversion(form, conversion);
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
      const conversion = isOwn(maker) ? undefined : conversionOut(maker, form);
      if (!conversion) break;
      take(maker, conversion);
      form = before(form, conversion);
      at = maker.input[0]!;
    }
    output ??= form;
  }
  return { input: input ?? "float", output: output ?? "float", nodes: found };
}

/** The conversion a node does to a tensor on its way in. */
function conversionIn(node: NodeProto, form: TensorForm): Conversion | undefined {
  if (node.opType === "QuantizeLinear") return "quantize";
  if (node.opType !== "Transpose" || isChannelsLast(form)) return undefined;
  if (!bringsChannelsLast(intsAttribute(node, "perm", []))) return undefined;
  return form === "float" ? "transposeFloat" : "transposeInt8";
}

/** The conversion a node does to a tensor on its way out, seen from behind. */
function conversionOut(node: NodeProto, form: TensorForm): Conversion | undefined {
  if (node.opType === "DequantizeLinear") return "dequantize";
  if (node.opType !== "Transpose" || isChannelsLast(form)) return undefined;
  if (!bringsChannelsFirst(intsAttribute(node, "perm", []))) return undefined;
  return form === "float" ? "transposeFloat" : "transposeInt8";
}

/** The form before a conversion that led to `form`. */
function before(form: TensorForm, conversion: Conversion): TensorForm {
  if (conversion === "dequantize") return tensorForm({ int8: true, last: isChannelsLast(form) });
  return afterConversion(form, conversion);
}
