import type { Observer } from "../calibrate/observers.ts";
import { nearest, UserError } from "../errors.ts";
import { lookUp } from "../look_up.ts";
import { type NodeIdentity, type QConfigMapping, qconfigMapping, type Rule } from "./mapping.ts";
import {
  dynamicInt8,
  float32,
  type QConfig,
  staticInt8,
  type WeightObserver,
  weightOnly,
} from "./qconfig.ts";

/** What a qconfig takes where it does not say so itself. */
export interface QConfigDefaults {
  readonly observer: Observer;
  readonly weights: WeightObserver;
}

/** Which nodes of a network are to be int8, and how: a mapping made for that network. */
export type Placement = (
  nodes: readonly NodeIdentity[],
  defaults: QConfigDefaults,
) => QConfigMapping;

/** Operators with weights that PyTorch calls Linear. */
const LINEAR = ["Gemm", "MatMul"];
const RECURRENT = ["GRU", "LSTM", "RNN"];

/**
 * The placements that a config can name.
 *
 * - `float32`: nothing is quantized; what remains is the exact fusion, and the noise of timing.
 * - `cnn-static`: static, but Linear and recurrent layers float32.
 * - `rnn-dynamic`: Linear and recurrent layers dynamic, the rest float32.
 * - `mixed`: both, as PyTorch users do it in two steps.
 * - `compact`: static where that is fast, and whatever else has weights, recurrent layers above all,
 *   weight-only: float32's speed there, for a quarter of the file. The preset `wasm`, but that a network
 *   without a Conv is weight-only altogether.
 * - `all`: everything that has an int8 kernel, static where possible, slower than float32 or not.
 */
export const PLACEMENTS: Readonly<Record<string, Placement>> = {
  "float32": () => mappingOf(float32),
  "cnn-static": (nodes, { observer, weights }) =>
    hasConv(nodes)
      ? mappingOf(
        staticInt8({ activation: observer, weight: weights }),
        rulesFor(nodes, [...LINEAR, ...RECURRENT], float32),
      )
      : mappingOf(float32),
  "rnn-dynamic": (nodes, { weights }) =>
    mappingOf(
      float32,
      rulesFor(nodes, [...LINEAR, ...RECURRENT], dynamicInt8({ weight: weights })),
    ),
  "mixed": (nodes, { observer, weights }) =>
    mappingOf(
      hasConv(nodes) ? staticInt8({ activation: observer, weight: weights }) : float32,
      rulesFor(nodes, [...LINEAR, ...RECURRENT], dynamicInt8({ weight: weights })),
    ),
  // Dynamic int8 slows what sees one row at a time: kernel facts dynamic-lstm, dynamic-gru,
  // dynamic-matmul-of-one-row.
  "compact": (nodes, { observer, weights }) => {
    const small = weightOnly({ weight: weights });
    return mappingOf(
      hasConv(nodes)
        ? staticInt8({ activation: observer, weight: weights, otherwise: small })
        : small,
      rulesFor(nodes, RECURRENT, small),
    );
  },
  "all": (nodes, { observer, weights }) =>
    mappingOf(
      staticInt8({ activation: observer, weight: weights, kernels: "any" }),
      rulesFor(nodes, RECURRENT, dynamicInt8({ weight: weights })),
    ),
};

/**
 * The placement of a name.
 *
 * @throws {UserError} If there is none of this name; the message has the nearest.
 */
export function placementOf(name: string): Placement {
  const placement = lookUp(PLACEMENTS, name);
  if (placement) return placement;
  const [near] = nearest(name, Object.keys(PLACEMENTS));
  throw new UserError(
    `Cannot place int8 by "${name}": there is no such placement` +
      (near ? `; did you mean "${near}"?` : `; known are ${Object.keys(PLACEMENTS).join(", ")}`),
  );
}

/**
 * Whether a placement is meant for a network: `rnn-dynamic` for one with a GRU, LSTM or RNN. One that is
 * not says nothing there that another does not say too.
 */
export function suits(placement: string, nodes: readonly Pick<NodeIdentity, "opType">[]): boolean {
  return placement !== "rnn-dynamic" || nodes.some(({ opType }) => RECURRENT.includes(opType));
}

/** What has no kernel in the form a placement asks for stays float32, and the plan says why. */
function mappingOf(byDefault: QConfig, rules: readonly Rule[] = []): QConfigMapping {
  return qconfigMapping({ default: byDefault, rules, onUnsupported: "float32" });
}

function hasConv(nodes: readonly NodeIdentity[]): boolean {
  return nodes.some(({ opType }) => opType === "Conv");
}

/** A rule for each of these operators that the network has; one that matches nothing is an error. */
function rulesFor(
  nodes: readonly NodeIdentity[],
  operators: readonly string[],
  qconfig: QConfig,
): Rule[] {
  const present = new Set(nodes.map(({ opType }) => opType));
  return operators.filter((op) => present.has(op)).map((op) => [{ op }, qconfig]);
}
