import { consumers, pinned, producers } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { cheapestForm, type GemmForm, type PlainConv } from "./gemm_forms.ts";
import { ELEMENTWISE } from "./infer_shapes.ts";

/**
 * Chooses the form of each Conv by estimate. A Conv that becomes a Gemm wants its map transposed, which
 * costs nothing next to others that become Gemms too. So all begin as if they were among such, and
 * those that do not pay with the neighbours they have are left, until the rest does.
 *
 * @param convs Those that can be rewritten, by their node.
 * @param isConstant Whether a name is one of a constant, which is transposed beforehand.
 */
export function chooseForms(
  graph: GraphProto,
  convs: ReadonlyMap<NodeProto, PlainConv>,
  isConstant: (name: string) => boolean,
): Map<NodeProto, GemmForm> {
  const makers = producers(graph);
  const readers = consumers(graph);
  const kept = pinned(graph);
  let chosen = new Map<NodeProto, GemmForm>();
  for (const [node, conv] of convs) {
    const form = cheapestForm(conv, { input: false, output: false });
    if (form) chosen.set(node, form);
  }
  for (;;) {
    const known = new Map<string, boolean>();
    /** Whether a value comes, through elementwise operators, from Gemms alone. */
    const comesTurned = (name: string): boolean => {
      const maker = makers.get(name);
      if (!maker || !isStandard(maker)) return false;
      if (chosen.has(maker) || maker.opType === "Transpose") return true;
      if (!ELEMENTWISE.has(maker.opType)) return false;
      return remember(`from ${name}`, known, () => {
        const operands = maker.input.filter((operand) => operand && !isConstant(operand));
        return operands.length > 0 && operands.every(comesTurned);
      });
    };
    /** Whether all that reads a value, through elementwise operators, are Gemms. */
    const goesTurned = (name: string): boolean =>
      !kept.has(name) &&
      remember(`to ${name}`, known, () =>
        (readers.get(name) ?? []).every((reader) =>
          isStandard(reader) &&
          (chosen.has(reader) || reader.opType === "Transpose" ||
            (ELEMENTWISE.has(reader.opType) && goesTurned(reader.output[0]!)))
        ));
    const next = new Map<NodeProto, GemmForm>();
    for (const node of chosen.keys()) {
      const form = cheapestForm(convs.get(node)!, {
        input: !comesTurned(node.input[0]!),
        output: !goesTurned(node.output[0]!),
      });
      if (form) next.set(node, form);
    }
    if (next.size === chosen.size) return next;
    chosen = next;
  }
}

/** Looks a value up, or computes it once. */
function remember(key: string, known: Map<string, boolean>, compute: () => boolean): boolean {
  const found = known.get(key);
  if (found !== undefined) return found;
  const computed = compute();
  known.set(key, computed);
  return computed;
}
