import { withContribGraph } from "../onnx/contrib.ts";
import type { Model } from "../onnx/model.ts";
import { isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { convToWinograd } from "../passes/conv_to_winograd.ts";
import { fastOperators } from "../passes/fast_operators.ts";
import { withFixedInputs } from "../passes/fixed_inputs.ts";
import { rootContext } from "../passes/pass.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { Plan } from "./plan.ts";
import { QuantizedModel, type Trace } from "./quantized_model.ts";

/** What Convs are written as, by name of the node. */
export type ConvForms = Readonly<Record<string, WinogradForm>>;

/** A network with shapes of its values. */
export interface ShapedModel {
  readonly model: Model;
  readonly shapes: ShapeMap;
}

/** What is written when all else is done: parts of a {@linkcode Recipe}. */
export interface LateForms {
  readonly convs?: ConvForms | undefined;
  readonly operators?: "fast" | undefined;
}

/**
 * Writes Convs as Winograd's and dear operators as others, last of all: up to here each is one node, with
 * one range and one place in the plan, whatever it is written as. What is not float32 any more stays as it is.
 *
 * @param model What was converted.
 * @param base What it was converted from: its Convs are known by their names there.
 * @returns The same model if there is nothing to write.
 */
export function writeForms(
  model: QuantizedModel,
  base: ShapedModel,
  { convs = {}, operators }: LateForms,
): QuantizedModel {
  const { graph } = model;
  const shapes = base.shapes.afresh();
  const known = sameShapes(graph, base.model.graph, shapes);
  const context = rootContext(graph);
  const floats = new Set(
    model.traces.flatMap(({ name, form }) => /^(float32|weightOnly)$/.test(form) ? [name] : []),
  );
  const formOf = ({ name }: NodeProto) => floats.has(name) ? convs[name] : undefined;
  let written = Object.keys(convs).some((name) => floats.has(name))
    ? convToWinograd(graph, known, { form: ({ node }) => formOf(node) }, context)
    : graph;
  if (operators === "fast") written = fastOperators(written, { shapes: known }, context);
  if (written === graph) return model;
  const before = new Set(graph.node);
  const pieces = Map.groupBy(
    written.node.filter((node) => !before.has(node)),
    (node) => context.origins.of(node)[0]!.name,
  );
  const { proto } = withContribGraph(model, withFixedInputs(written, shapes.fixed));
  const traces = model.traces.map((trace): Trace => {
    const own = pieces.get(trace.name);
    if (!own || trace.inBody) return trace;
    const form = convs[trace.name];
    return {
      ...trace,
      pieces: { nodes: new Set(own.map(({ name }) => name)), ...(form && { form }) },
    };
  });
  return new QuantizedModel(proto, model.name, explained(model.plan, traces), traces);
}

/** The shapes of what Convs read, under the names that this has where something was converted in front of it. */
function sameShapes(graph: GraphProto, base: GraphProto, shapes: ShapeMap): ShapeMap {
  const convs = (some: GraphProto) =>
    some.node.filter((node) => node.opType === "Conv" && isStandard(node));
  const known = new Map(convs(base).map((node): [string, NodeProto] => [node.name, node]));
  return shapes.with(
    new Map(
      convs(graph).flatMap(({ name, input }) =>
        (known.get(name)?.input ?? []).flatMap((own, i) => {
          const shape = shapes.get(own);
          return shape && input[i] ? [[input[i], shape] as const] : [];
        })
      ),
    ),
  );
}

function explained({ rows }: Plan, traces: readonly Trace[]): Plan {
  return new Plan(rows.map((row, i) => {
    const { pieces } = traces[i]!;
    if (!pieces) return row;
    const how = pieces.form
      ? "the same convolution by Winograd's algorithm"
      : "the same numbers by operators that run faster";
    return { ...row, why: `${row.why}; ${how}` };
  }));
}
