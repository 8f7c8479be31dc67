import { withContribGraph } from "../onnx/contrib.ts";
import type { Model } from "../onnx/model.ts";
import { isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { loadCost, LoadReader } from "../passes/load_facts.ts";
import { convToWinograd } from "../passes/conv_to_winograd.ts";
import { fastOperators } from "../passes/fast_operators.ts";
import type { FormWord } from "../passes/fast_form.ts";
import { withFixedInputs } from "../passes/fixed_inputs.ts";
import { type PassContext, rootContext } from "../passes/pass.ts";
import type { ConvShape } from "../passes/read_conv.ts";
import type { RecipeBase, WinogradForm } from "../record/recipe.ts";
import { decimal, megabytes } from "../report/format.ts";
import { winogradName } from "../report/winograd_name.ts";
import { Plan } from "./plan.ts";
import { roundMatrix } from "./round_matrix.ts";
import { QuantizedModel, type Trace } from "./quantized_model.ts";

/** How near other forms of operators have to come. */
const EXACT: readonly FormWord[] = ["identical", "exact"];
const APPROXIMATE: readonly FormWord[] = [...EXACT, "approximate"];

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
  readonly operators?: RecipeBase["operators"] | undefined;
  /** Signal over the rounding noise of Convs written so, where it was measured, dB by name of the node. */
  readonly decibels?: Readonly<Record<string, number>>;
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
  { convs = {}, operators, decibels = {} }: LateForms,
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
    ? winogradIn(graph, known, formOf, context)
    : graph;
  if (operators) {
    const words = operators === "fast" ? EXACT : APPROXIMATE;
    written = fastOperators(written, { shapes: known, words }, context);
  }
  if (written === graph) return model;
  const before = new Set(graph.node);
  const pieces = Map.groupBy(
    written.node.filter((node) => !before.has(node)),
    (node) => context.origins.of(node)[0]!.name,
  );
  const { proto } = withContribGraph(model, withFixedInputs(written, shapes.fixed));
  const words = winogradWords({ graph, written, known }, pieces, { convs, decibels });
  const traces = model.traces.map((trace): Trace => {
    const own = pieces.get(trace.name);
    if (!own || trace.inBody) return trace;
    const form = convs[trace.name];
    return {
      ...trace,
      pieces: { nodes: new Set(own.map(({ name }) => name)), ...(form && { form }) },
    };
  });
  return new QuantizedModel(
    proto,
    model.name,
    explained(model.plan, traces, { words, operators }),
    traces,
  );
}

/** A network of which nothing was converted, with some of its Convs written as Winograd's. */
export function withConvForms({ model, shapes }: ShapedModel, convs: ConvForms): Model {
  const graph = winogradIn(model.graph, shapes.afresh(), ({ name }) => convs[name]);
  return withContribGraph(model, graph);
}

function winogradIn(
  graph: GraphProto,
  shapes: ShapeMap,
  formOf: (node: NodeProto) => WinogradForm | undefined,
  context?: PassContext,
): GraphProto {
  const options = { form: ({ node }: ConvShape) => formOf(node), rounded: roundMatrix };
  return convToWinograd(graph, shapes, options, context);
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

/** @param words What is said of those that are Winograd's, by name of the node. */
function explained(
  { rows }: Plan,
  traces: readonly Trace[],
  { words, operators }: Pick<LateForms, "operators"> & {
    readonly words: ReadonlyMap<string, string>;
  },
): Plan {
  const numbers = operators === "approximate" ? "nearly the same numbers" : "the same numbers";
  return new Plan(rows.map((row, i) => {
    const { name, pieces } = traces[i]!;
    if (!pieces) return row;
    const how = words.get(name) ?? `${numbers} by operators that run faster`;
    return { ...row, why: `${row.why}; ${how}` };
  }));
}

/**
 * What is said of the Convs that are Winograd's, by name of the node.
 *
 * @param pieces What was written in the place of each node, by its name.
 */
function winogradWords(
  { graph, written, known }: {
    readonly graph: GraphProto;
    readonly written: GraphProto;
    readonly known: ShapeMap;
  },
  pieces: ReadonlyMap<string, readonly NodeProto[]>,
  { convs = {}, decibels = {} }: LateForms,
): Map<string, string> {
  const [before, after] = [graph, written].map((one) => new LoadReader(one, known));
  const heapOf = (reader: LoadReader, nodes: readonly NodeProto[]) =>
    loadCost(reader.of(nodes)).heapBytes;
  return new Map(graph.node.flatMap((node): [string, string][] => {
    const { name, input } = node;
    const [own, form] = [pieces.get(name), convs[name]];
    if (!own || !form) return [];
    const [, , ...kernel] = before!.shapes.get(input[1])?.dims ?? [];
    const moreBytes = heapOf(after!, own) - heapOf(before!, [node]);
    return [[name, winogradInWords(form, kernel, { dB: decibels[name], moreBytes })]];
  }));
}

/** `3x3 convolution as Winograd F(4,3), 112 dB, +9.01 MB in memory` */
function winogradInWords(
  form: WinogradForm,
  kernel: readonly number[],
  { dB, moreBytes }: { readonly dB: number | undefined; readonly moreBytes: number },
): string {
  return [
    `${kernel.join("x")} convolution as ${winogradName(form, kernel)}`,
    ...dB === undefined ? [] : [`${decimal(dB, 0)} dB`],
    `${moreBytes < 0 ? "−" : "+"}${megabytes(Math.round(Math.abs(moreBytes)))} in memory`,
  ].join(", ");
}
