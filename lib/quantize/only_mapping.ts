import { type QConfigMapping, qconfigMapping, type Rule } from "./mapping.ts";
import { float32, type QConfig } from "./qconfig.ts";

/**
 * The mapping of a network with some nodes in int8 and all others in float32. Nodes that cannot be what
 * is asked of them stay float32.
 *
 * @param nodes Names, each of which has to be that of a node.
 * @param of The form of each of them.
 * @param observers Of single tensors. @default {those of the forms}
 * @example
 * ```ts
 * import { staticInt8 } from "octavo";
 * import { onlyMapping } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const mapping = onlyMapping(["conv1", "relu1"], () => staticInt8());
 * assert.equal(mapping.default.kind, "float32");
 * assert.deepEqual(mapping.rules.map(([name]) => name), ["conv1", "relu1"]);
 * ```
 * @category QConfigs (advanced)
 */
export function onlyMapping(
  nodes: readonly string[],
  of: (node: string) => QConfig,
  observers?: QConfigMapping["observers"],
): QConfigMapping {
  const rules = nodes.map((name): Rule => [name, of(name)]);
  return {
    ...qconfigMapping({ default: float32, rules, onUnsupported: "float32" }),
    ...observers && { observers },
  };
}
