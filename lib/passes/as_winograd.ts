import { withContribGraph } from "../onnx/contrib.ts";
import type { Model } from "../onnx/model.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { convToWinograd } from "./conv_to_winograd.ts";
import { inferShapes } from "./infer_shapes.ts";
import { rootContext, visibleConstants } from "./pass.ts";
import { readConv } from "./read_conv.ts";
import { integerWinogradForms, winogradForms } from "./winograd_forms.ts";
import type { RoundMatrix } from "./winograd_weights.ts";

/**
 * A network of one Conv, and what follows it, in each of Winograd's forms that may be worth it; none of
 * a network with other Convs beside it.
 *
 * @param rounded Rounds the weights of integer products; without it there are none.
 */
export function asWinograd(
  model: Model,
  shapes: ShapeMap,
  rounded?: RoundMatrix,
): { readonly form: WinogradForm; readonly model: Model }[] {
  const { graph } = model;
  const [conv, ...others] = graph.node.filter(({ opType }) => opType === "Conv");
  if (!conv || others.length > 0) return [];
  const constants = visibleConstants(graph, rootContext(graph));
  const read = readConv(conv, inferShapes(graph, shapes, constants), constants);
  const forms = read ? [...winogradForms(read), ...rounded ? integerWinogradForms(read) : []] : [];
  return forms.flatMap((form) => {
    const nodes = convToWinograd(graph, shapes.afresh(), { form: () => form, rounded });
    const written = withContribGraph(model, nodes);
    return written === model ? [] : [{ form, model: written }];
  });
}
