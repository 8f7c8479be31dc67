import type { ProfiledNode, ProfileRecord } from "../record/profile_record.ts";

/** What a node of the executed graph is for. */
export type NodeWork = "float32" | "int8" | "boundary";

/** The time of one module of a network, or of one node that belongs to none. */
export interface LayerTime {
  /** Module path, name of the node, or operator of what the runtime put in. */
  readonly layer: string;
  /** Operators that run, most time first. */
  readonly runs: readonly string[];
  readonly ms: number;
  readonly macs: number;
}

/** One module in two networks. */
export interface ComparedLayer {
  readonly layer: string;
  readonly before?: LayerTime;
  readonly after?: LayerTime;
}

/** Operators of the runtime that compute on integers. */
const INTEGER =
  /^(QLinear|QGemm|QAttention|QEmbed|MatMulInteger|ConvInteger|DynamicQuantize[LM][SA])/;

/** Operators that change precision and nothing else. */
const PRECISION = /^(Quantize|Dequantize|DynamicQuantize)Linear$/;

/** Whether a node computes, on floats or integers, or stands between those that do. */
export function workOf({ opType, node }: ProfiledNode): NodeWork {
  if (PRECISION.test(opType) || (node === "" && /^(Transpose|Reshape|Cast)$/.test(opType))) {
    return "boundary";
  }
  return INTEGER.test(opType) ? "int8" : "float32";
}

/** What a reader knows a node by. */
export function layerOf({ path, node, opType }: ProfiledNode): string {
  return path || node || opType;
}

/**
 * Times by module path, in order of execution. A change of precision or layout counts to the module
 * that it serves, which is the way to compare a float32 network with an int8 one.
 */
export function profileByLayer({ nodes }: ProfileRecord): LayerTime[] {
  return [...Map.groupBy(nodes, layerOf)].map(([layer, own]) => {
    const operators = [...Map.groupBy(own, ({ opType }) => opType)]
      .map(([opType, same]) => ({ opType, ms: sum(same, ({ ms }) => ms) }))
      .toSorted((a, b) => b.ms - a.ms);
    return {
      layer,
      runs: operators.map(({ opType }) => opType),
      ms: sum(own, ({ ms }) => ms),
      macs: sum(own, ({ macs }) => macs ?? 0),
    };
  });
}

/** The modules of two networks beside each other, what takes longest in either first. */
export function compareLayers(before: ProfileRecord, after: ProfileRecord): ComparedLayer[] {
  const [old, now] = [before, after].map((record) =>
    new Map(profileByLayer(record).map((time) => [time.layer, time]))
  ) as [Map<string, LayerTime>, Map<string, LayerTime>];
  const longest = (layer: string) => Math.max(old.get(layer)?.ms ?? 0, now.get(layer)?.ms ?? 0);
  return [...new Set([...old.keys(), ...now.keys()])]
    .toSorted((a, b) => longest(b) - longest(a) || (a < b ? -1 : 1))
    .map((layer) => ({ layer, before: old.get(layer), after: now.get(layer) }));
}

/** The modules that take nearly all of the time in both networks, and how many more there are. */
export function longestLayers(
  layers: readonly ComparedLayer[],
  most: number,
): { shown: readonly ComparedLayer[]; rest?: ComparedLayer } {
  const [shown, rest] = [layers.slice(0, most), layers.slice(most)];
  if (rest.length < 2) return { shown: layers };
  const layer = `${rest.length} others`;
  const together = (side: "before" | "after") => {
    const times = rest.flatMap((one) => one[side] ?? []);
    const [ms, macs] = [sum(times, ({ ms }) => ms), sum(times, ({ macs }) => macs)];
    return { layer, runs: [], ms, macs };
  };
  return { shown, rest: { layer, before: together("before"), after: together("after") } };
}

/** Milliseconds of all nodes. */
export function totalMs({ nodes }: ProfileRecord): number {
  return sum(nodes, ({ ms }) => ms);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
