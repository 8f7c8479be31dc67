import { withContribGraph } from "../onnx/contrib.ts";
import type { Model } from "../onnx/model.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { QUANTIZED_OPSET, raiseOpset } from "../onnx/opset.ts";
import { convToWinograd } from "../passes/conv_to_winograd.ts";
import { fastOperators } from "../passes/fast_operators.ts";
import { withFixedInputs } from "../passes/fixed_inputs.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import { rootContext } from "../passes/pass.ts";
import { raisedFrom, raiseFloats, withoutNote } from "../passes/raise_floats.ts";
import type { ConvShape } from "../passes/read_conv.ts";
import { winogradCost, winogradForms } from "../passes/winograd_forms.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { learnShapes } from "../runtime/learn_shapes.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { elementCount, type Feeds } from "../tensor/tensor.ts";

/** A network that computes in float32. */
export interface PlainNetwork {
  readonly model: Model;
  /** Types that it computed in before, besides float32. */
  readonly floats: readonly string[];
}

/** A network in float32 operators, whatever floats it has: nodes keep their names. */
export function plainNetwork(model: Model): PlainNetwork {
  const proto = raiseFloats(model.proto, rootContext(model.graph, { opset: model.opset }));
  const floats = raisedFrom(proto);
  return { model: floats.length === 0 ? model : model.withProto(withoutNote(proto)), floats };
}

/** A network in which slow operators are written as others. */
export interface FastNetwork {
  readonly model: Model;
  /** Names of the nodes that stand in the place of one, by its name. */
  readonly pieces: ReadonlyMap<string, readonly string[]>;
}

/** How many times the bytes of its weights a convolution may take in memory. */
const MOST_WEIGHTS = 2;

/** The form of Winograd's that should be the fastest of a convolution, by an estimate. */
function likelyForm(conv: ConvShape): WinogradForm | undefined {
  const { channels, filters, window: { kernel } } = conv;
  const bytes = 4 * channels * filters * elementCount(kernel);
  return winogradForms(conv).find((form) =>
    winogradCost(conv, form)!.weightBytes <= MOST_WEIGHTS * bytes
  );
}

/**
 * The network with the same numbers, up to rounding, by operators that should run faster.
 *
 * @param model Float32, each node with a name of its own.
 * @returns Undefined if there is nothing to write.
 * @throws {UserError} If its opset cannot be raised.
 */
export async function fastNetwork(
  model: Model,
  feeds: Feeds,
  { runtime, signal }: { readonly runtime: Runtime; readonly signal?: AbortSignal },
): Promise<FastNetwork | undefined> {
  const raised = raiseOpset(model, QUANTIZED_OPSET);
  const named = raised.withGraph(nameNodes(raised.graph));
  const shapes = await learnShapes(freezeRandom(named), feeds, {
    runtime,
    ...signal && { signal },
  });
  const context = rootContext(named.graph);
  const known = shapes.afresh();
  const convs = convToWinograd(named.graph, known, { form: likelyForm }, context);
  const written = fastOperators(convs, { shapes: known }, context);
  if (written === named.graph) return undefined;
  const before = new Set<NodeProto>(named.graph.node);
  const pieces = Map.groupBy(
    written.node.filter((node) => !before.has(node)),
    (node) => context.origins.of(node)[0]!.name,
  );
  return {
    model: withContribGraph(named, withFixedInputs(written, known.fixed)),
    pieces: new Map([...pieces].map(([name, nodes]) => [name, nodes.map(({ name }) => name)])),
  };
}
