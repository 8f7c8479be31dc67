import type { Model } from "../../lib/onnx/model.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import type { ShapeMap } from "../../lib/onnx/shape_map.ts";
import type { Feeds, Tensor } from "../../lib/tensor/tensor.ts";
import { error, random, run } from "./fixtures.ts";

/** Picks whole numbers and list elements from a generator of numbers in [0, 1). */
export function picker(next: () => number) {
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => items[between(0, items.length - 1)]!;
  return { between, pick };
}

/** The shapes of a network on random inputs of these shapes. */
export async function shapesOf(
  model: Model,
  dims: Readonly<Record<string, readonly number[]>>,
): Promise<ShapeMap> {
  return await learnShapes(model, feedsOf(dims, 1));
}

/** Options for {@linkcode errorOf}. */
export interface ErrorOfOptions {
  /** Whether a batch three times as large is tried too. @default {true} */
  batch?: boolean;
}

/**
 * Largest relative error of a rewritten network, on inputs of these shapes and on others with a batch
 * three times as large.
 */
export async function errorOf(
  rewritten: Model,
  model: Model,
  dims: Readonly<Record<string, readonly number[]>>,
  options: ErrorOfOptions = {},
): Promise<number> {
  const { batch = true } = options;
  const more = Object.fromEntries(
    Object.entries(dims).map(([name, [batch = 1, ...rest]]) => [name, [3 * batch, ...rest]]),
  );
  let worst = 0;
  for (const feeds of [feedsOf(dims, 2), ...batch ? [feedsOf(more, 3)] : []]) {
    worst = Math.max(worst, error(await run(rewritten, feeds), await run(model, feeds)));
  }
  return worst;
}

function feedsOf(dims: Readonly<Record<string, readonly number[]>>, seed: number): Feeds {
  const entries = Object.entries(dims);
  return Object.fromEntries(
    entries.map(([name, lengths], i): [string, Tensor] => [name, random(lengths, 100 * seed + i)]),
  );
}

/** How many nodes of a type a network has. */
export function count({ graph }: Model, opType: string): number {
  return graph.node.filter((node) => node.opType === opType).length;
}
