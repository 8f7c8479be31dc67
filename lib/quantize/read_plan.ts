import type { Model } from "../onnx/model.ts";
import { isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { PlanRow } from "../record/plan_record.ts";
import { Plan } from "./plan.ts";
import type { QuantizedModel, Trace } from "./quantized_model.ts";

/**
 * Fills in what the runtime executes, from the graph as it is after the runtime's optimization. What
 * was asked for is not always what runs: where the two differ, the row says so.
 *
 * Nodes are found again by their name, which the runtime keeps (with `_token_1` or the like behind
 * it when it makes a node anew), or by the names of what they give.
 *
 * @param optimized The graph of `model` after the runtime's optimization, as `Runtime.optimized()`
 * returns it.
 */
export function readPlan(model: QuantizedModel, optimized: Model): Plan {
  const nodes = optimized.graph.node;
  const uint8 = uint8Tensors(nodes);
  const owned = new Set(model.traces.map(({ name }) => name));
  const byName = new Map(nodes.map((node) => [originalName(node.name, owned), node]));
  const byOutput = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node])));

  const kernelOf = (trace: Trace): Kernel | undefined => {
    const host = trace.anchor === undefined ? undefined : byName.get(trace.anchor);
    if (host) return { node: host, isOthers: true };
    const own = byName.get(trace.name);
    if (own) return { node: own, isOthers: false };
    for (const name of trace.outputs) {
      const node = byOutput.get(name) ?? byOutput.get(`${name}_quantized`);
      if (!node) continue;
      const isOthers = node.opType === "QuantizeLinear" ||
        owned.has(originalName(node.name, owned));
      return { node, isOthers };
    }
  };
  return new Plan(
    model.plan.rows.map((row, i) => {
      const trace = model.traces[i]!;
      if (trace.inBody) return { ...row, executes: "" };
      if (trace.pieces?.form) return { ...row, executes: capitalized(trace.pieces.form) };
      const kernel = kernelOf(trace);
      return kernel ? compare(row, trace, kernel, uint8) : { ...row, executes: "folded away" };
    }),
  );
}

/** The node of the optimized graph that computes what a node of the model did. */
interface Kernel {
  readonly node: NodeProto;
  /** Whether it is another node's, which this one became part of. */
  readonly isOthers: boolean;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The name a node had before the runtime made it anew. */
export function originalName(name: string, owned: Pick<ReadonlySet<string>, "has">): string {
  if (owned.has(name)) return name;
  return name.replace(/^fused (?=.)|_token_\d+$|\/MatMul(Add|Scale)Fusion\/?$/, "");
}

/** Operators of the runtime that compute on integers. */
export const INTEGER_KERNEL =
  /^(QLinear|QGemm|MatMulInteger|DynamicQuantize|ConvInteger|QuantizeL)/;

/** Writes down what executes, and the difference from what was decided, if there is one. */
function compare(
  row: PlanRow,
  { form, source }: Trace,
  { node, isOthers }: Kernel,
  uint8: ReadonlySet<string>,
): PlanRow {
  const onUint8 = movesUint8(node, uint8);
  const own = onUint8 ? `${node.opType} uint8` : node.opType;
  const executes = isOthers ? `in ${own}` : own;
  const isInteger = onUint8 || INTEGER_KERNEL.test(node.opType);
  let why = row.why;
  if (form === "static" && !isInteger) {
    why += `; yet the runtime computes ${executes} in float32`;
  } else if ((form === "float32" || form === "weightOnly") && isInteger) {
    // Moving uint8 instead of float32 changes no value, and a bias is added in float32 inside of a
    // dynamic kernel: not worth a word.
    const same = KEEPS_TYPE.has(row.opType) && row.opType !== "MaxPool";
    const isBias = row.opType === "Add" && isOthers && node.opType.startsWith("Dynamic");
    if (!same && !isBias) why += `; yet the runtime made it int8`;
    else if (same && onUint8 && row.asked !== "float32") {
      why = `${source}; it moves uint8 in place of float32, which changes no value`;
    }
  }
  return { ...row, executes, ...(isOthers && { inside: true }), why };
}

/** Whether a node of an operator that also exists for floats runs on uint8. */
function movesUint8(node: NodeProto, uint8: ReadonlySet<string>): boolean {
  const hasBoth = isStandard(node) && !NAMED_BY_TYPE.test(node.opType) ||
    node.opType.startsWith("Nhwc");
  return hasBoth && uint8.has(node.input[0] ?? "");
}

/** Operators whose name says already what they read. */
const NAMED_BY_TYPE = /QuantizeLinear|DequantizeLinear|QLinear/;

/** Operators that give the type they read. */
const KEEPS_TYPE: ReadonlySet<string> = new Set([
  "Clip",
  "Concat",
  "DepthToSpace",
  "Expand",
  "Flatten",
  "Gather",
  "GatherElements",
  "Identity",
  "Max",
  "MaxPool",
  "NhwcMaxPool",
  "Pad",
  "Relu",
  "Reshape",
  "Resize",
  "Slice",
  "SpaceToDepth",
  "Split",
  "Squeeze",
  "Tile",
  "Transpose",
  "Unsqueeze",
]);

/** Tensors of an optimized graph that hold uint8 activations. */
export function uint8Tensors(nodes: readonly NodeProto[]): Set<string> {
  const found = new Set<string>();
  for (const node of nodes) {
    const gives = node.opType === "QuantizeLinear" || node.opType.startsWith("QLinear") ||
      KEEPS_TYPE.has(node.opType) && found.has(node.input[0] ?? "");
    // A QGemm gives uint8 if it is told the scale and the zero point of its result.
    if (gives || (node.opType === "QGemm" && node.input[8])) {
      for (const name of node.output) found.add(name);
    }
  }
  return found;
}
