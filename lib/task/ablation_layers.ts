import { nearest, UserError } from "../errors.ts";
import type { Decisions } from "../quantize/decide.ts";
import { int8Layers, joinByPart, joinByPath, type Layer } from "../quantize/layers.ts";

/** Which layers are ablated. */
export interface LayerChoice {
  /** Joins layers by the first parts of their module path, so many. @default {each by itself} */
  readonly depth?: number;
  /** Joins the layers of each part of a transformer. @default {false} */
  readonly parts?: boolean;
  /** Names of the Conv nodes that were written as matrix products, see `layerName()`. @default {none} */
  readonly rewritten?: readonly string[];
  /** Layers by name or module path. @default {all} */
  readonly names?: readonly string[];
}

/**
 * The layers that a mapping makes int8, those of one module joined as asked.
 *
 * @param network Its name, for messages.
 * @throws {UserError} If nothing is int8, or a name is none of a layer or module.
 */
export function ablatedLayers(
  decisions: Decisions,
  network: string,
  { depth, parts = false, rewritten, names }: LayerChoice = {},
): Layer[] {
  const each = int8Layers(decisions, rewritten);
  if (each.length === 0) throw nothingInt8(network, decisions);
  if (parts && !each.some(({ part }) => part)) throw withoutParts(network);
  const byPart = parts ? joinByPart(each) : each;
  const joined = depth === undefined ? byPart : joinByPath(byPart, depth);
  return names === undefined ? joined : namedLayers(joined, names);
}

function namedLayers(layers: readonly Layer[], names: readonly string[]): Layer[] {
  const isIn = ({ name, path, part, nodes }: Layer, wanted: string) =>
    [name, path].includes(wanted) || nodes.includes(wanted) ||
    path.startsWith(`${wanted}.`) || part?.startsWith(`${wanted} `);
  const unknown = names.find((wanted) => !layers.some((layer) => isIn(layer, wanted)));
  if (unknown !== undefined) {
    const known = layers.flatMap(({ name, path }) => [name, path]).filter(Boolean);
    const near = nearest(unknown, known);
    throw new UserError(
      `Cannot ablate the layer "${unknown}": no int8 layer has this name or module path; ` +
        (near.length > 0
          ? `nearest are ${near.map((name) => `"${name}"`).join(", ")}`
          : `\`inspect\` lists the nodes and their module paths`),
    );
  }
  return layers.filter((layer) => names.some((wanted) => isIn(layer, wanted)));
}

function withoutParts(network: string): UserError {
  return new UserError(
    `Cannot ablate ${network} by part: parts are those of a transformer, and no attention was found ` +
      `in it; leave "parts" out, or join layers by "depth"`,
  );
}

function nothingInt8(network: string, { all }: Decisions): UserError {
  const reasons = [...new Set(all.flatMap(({ obstacle }) => obstacle ?? []))].slice(0, 3);
  return new UserError(
    `Cannot ablate ${network}: the mapping makes no layer int8` +
      (reasons.length > 0 ? ` (${reasons.join("; ")})` : "") +
      `; try other forms, such as dynamicInt8() or staticInt8({ kernels: "any" })`,
  );
}
