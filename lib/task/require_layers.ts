import { nearest, UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { modulePaths } from "../onnx/module_path.ts";

/**
 * Refuses to explain what is no layer, before any work is done.
 *
 * @param model With a name for each node.
 * @param layers Names of nodes, or module paths.
 * @throws {UserError} If one is neither; it suggests the nearest.
 */
export function requireLayers({ graph, name: model }: Model, layers: readonly string[]): void {
  if (layers.length === 0) return;
  const paths = [...modulePaths(graph).values()].filter((path) => path !== "");
  const known = new Set([...nameNodes(graph).node.map(({ name }) => name), ...paths]);
  const unknown = layers.find((layer) => !known.has(layer));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  throw new UserError(
    `Cannot explain the layer "${unknown}": no node or module of ${model} has this name; ` +
      (near.length > 0
        ? `nearest are ${near.map((name) => `"${name}"`).join(", ")}`
        : "`inspect` lists the nodes and their module paths"),
  );
}
