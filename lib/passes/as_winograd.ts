import { withContribGraph } from "../onnx/contrib.ts";
import type { Model } from "../onnx/model.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { convToWinograd } from "./conv_to_winograd.ts";
import { inferShapes } from "./infer_shapes.ts";
import { rootContext, visibleConstants } from "./pass.ts";
import { readConv } from "./read_conv.ts";
import { winogradForms } from "./winograd_forms.ts";

/**
 * A network of one Conv, and what follows it, in each of Winograd's forms that may be worth it; none of
 * a network with other Convs beside it.
 */
export function asWinograd(
  model: Model,
  shapes: ShapeMap,
): { readonly form: WinogradForm; readonly model: Model }[] {
  const { graph } = model;
  const [conv, ...others] = graph.node.filter(({ opType }) => opType === "Conv");
  if (!conv || others.length > 0) return [];
  const constants = visibleConstants(graph, rootContext(graph));
  const read = readConv(conv, inferShapes(graph, shapes, constants), constants);
  return (read ? winogradForms(read) : []).flatMap((form) => {
    const nodes = convToWinograd(graph, shapes.afresh(), { form: () => form });
    const written = withContribGraph(model, nodes);
    return written === model ? [] : [{ form, model: written }];
  });
}
