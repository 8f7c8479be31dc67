import { create } from "@bufbuild/protobuf";
import { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
} from "../onnx/onnx_pb.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { NodeTimes } from "../runtime/profile_run.ts";
import { float32 } from "../tensor/tensor.ts";
import { undisturbedTime } from "./undisturbed.ts";

/**
 * What observing adds. While it profiles, the runtime writes down the shapes of each tensor that a node
 * reads or gives before it looks at its clock again: a few microseconds, several times what a small
 * node takes.
 * @category Measuring (advanced)
 */
export interface ProfilingOverhead {
  /** Milliseconds that one execution of a node seems to take longer, and that it really took. */
  inside(node: NodeTimes): number;
  /** Milliseconds after each execution in which nothing is computed. */
  readonly outside: number;
  /** Milliseconds that a node takes that computes next to nothing: no node takes less. @default {0} */
  readonly node?: number;
}

/** Runs that are noted of each chain: a hundred nodes each make some thousand times. */
const RUNS = 100;

/** Length of the chains that are measured. */
const LENGTH = 100;

/** Inputs of the nodes of each chain, and axes of its values. */
const CHAINS = [{ inputs: 2, rank: 1 }, { inputs: 6, rank: 1 }, { inputs: 2, rank: 5 }] as const;

/** By what times belong to: threads, engine, release and binary. */
const known = new Map<string, Promise<ProfilingOverhead | undefined>>();

/**
 * Finds out what observing adds on this machine: chains of nodes that compute next to nothing are
 * timed as a whole, unobserved, and node by node. Takes some seconds, once for each process and
 * each binary and number of threads.
 *
 * @returns Undefined if this build of onnxruntime does not let its clock be read.
 */
export async function profilingOverhead(runtime: Runtime): Promise<ProfilingOverhead | undefined> {
  const { machine } = await runtime.environment();
  const key = `${runtime.about.threads} ${machine}`;
  const measuring = known.get(key) ?? measure(runtime);
  known.set(key, measuring);
  const forget = () => known.delete(key);
  measuring.catch(forget); // a runtime that was closed says nothing of the next
  const found = await measuring;
  if (!found) forget(); // nor does one that does not tell
  return found;
}

async function measure(runtime: Runtime): Promise<ProfilingOverhead | undefined> {
  const chains = CHAINS.map(({ inputs, rank }) => {
    const feeds = [{ x: float32(new Array<number>(rank).fill(1), [0.5]) }];
    return {
      inputs,
      rank,
      feeds,
      models: [1, LENGTH].map((nodes) => chainOfNodes(nodes, inputs, rank)),
    };
  });
  const measured: ObservedChain[] = [];
  for (const { inputs, rank, feeds, models } of chains) {
    const { ms } = await runtime.times(models, feeds, { rounds: 5 });
    const [single, whole] = models.map((_, i) => undisturbedTime(ms.map((round) => round[i]!)));
    const profile = await runtime.profile(models[1]!, feeds, { runs: RUNS });
    if (!profile) return undefined;
    const { runs, nodes } = profile;
    const sum = nodes.map(({ ms }) => undisturbedTime(ms)).reduce((total, time) => total + time, 0);
    measured.push({
      tensors: inputs + 1,
      axes: (inputs + 1) * rank,
      really: Math.max(0, whole! - single!) / (LENGTH - 1),
      seen: sum / nodes.length,
      outside: (undisturbedTime(runs) - sum) / nodes.length,
    });
  }
  return fitOverhead(measured);
}

/** What was measured on a chain of equal nodes. Milliseconds for each of them. */
export interface ObservedChain {
  /** Tensors that a node reads and gives, and axes that they have together. */
  readonly tensors: number;
  readonly axes: number;
  readonly really: number;
  readonly seen: number;
  readonly outside: number;
}

/**
 * Finds what observing adds: so much for each node, for each of its tensors, and for each of their axes.
 *
 * @param chains Three: the second has more tensors than the first and as many axes to each, the third
 * as many tensors and more axes.
 */
export function fitOverhead(chains: readonly ObservedChain[]): ProfilingOverhead {
  const [first, second, third] = chains as [ObservedChain, ObservedChain, ObservedChain];
  const [a, b, c] = [first, second, third].map(({ seen, really }) =>
    Math.max(0, seen - really)
  ) as [
    number,
    number,
    number,
  ];
  const forAxis = Math.max(0, (c - a) / (third.axes - first.axes));
  const tensors = second.tensors - first.tensors;
  const forTensor = Math.max(0, (b - a - forAxis * (second.axes - first.axes)) / tensors);
  const forNode = Math.max(0, a - forTensor * first.tensors - forAxis * first.axes);
  const outside = chains.reduce((sum, { outside }) => sum + outside, 0) / chains.length;
  return {
    inside: ({ inputs, outputs }) => {
      const shapes = [...inputs, ...outputs];
      const axes = shapes.reduce((sum, { length }) => sum + length, 0);
      return forNode + forTensor * shapes.length + forAxis * axes;
    },
    outside: Math.max(0, outside),
    node: first.really,
  };
}

/** `x = Max(x, x, ...)` so many times, of one element, from the input `x` on. */
export function chainOfNodes(length: number, inputs: number, rank: number): Model {
  const dim = Array.from(
    { length: rank },
    () => ({ value: { case: "dimValue" as const, value: 1n } }),
  );
  const value = (name: string) => ({
    name,
    type: {
      value: {
        case: "tensorType" as const,
        value: { elemType: TensorProto_DataType.FLOAT, shape: { dim } },
      },
    },
  });
  const names = ["x", ...Array.from({ length }, (_, i) => `x${i + 1}`)];
  const node = names.slice(1).map((name, i) =>
    makeNode("Max", new Array<string>(inputs).fill(names[i]!), [name])
  );
  const graph = create(GraphProtoSchema, {
    name: "chain",
    node,
    input: [value("x")],
    output: [value(names.at(-1)!)],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: "", version: 17n })];
  const proto = create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph });
  return new Model(proto, { name: `chain of ${length}` });
}

/**
 * The share of the runs in which a node was executed: less than 1 in a branch of an If that samples take in
 * turns. A node outside of bodies is executed in all.
 */
export function shareOfRuns({ ms, parent }: NodeTimes): number {
  return parent === undefined ? 1 : ms.filter((time) => time > 0).length / ms.length;
}

/**
 * Time of each node without what is in its bodies, and without what observing adds. Of a node that some
 * runs go past it is the mean over all runs of what it takes where it is executed.
 *
 * @param timeOf What stands for the times of a node in all runs. @default {undisturbedTime}
 */
export function ownTimes(
  nodes: readonly NodeTimes[],
  overhead: ProfilingOverhead,
  timeOf: (ms: readonly number[]) => number = undisturbedTime,
): number[] {
  const own = nodes.map(({ ms }) => [...ms]);
  const shares = nodes.map(shareOfRuns);
  const added = nodes.map((node) => node.executions * overhead.inside(node));
  nodes.forEach(({ ms, parent, executions }, i) => {
    if (parent === undefined) return;
    ms.forEach((time, run) => own[parent]![run]! -= time);
    added[parent]! += shares[i]! * executions * overhead.outside;
  });
  return own.map((times, i) => {
    const executed = times.filter((_, run) => shares[i] === 1 || nodes[i]!.ms[run]! > 0);
    if (executed.length === 0) return 0;
    return shares[i]! * Math.max(0, timeOf(executed) - added[i]!);
  });
}
