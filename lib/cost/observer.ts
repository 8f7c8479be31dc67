import { create } from "@bufbuild/protobuf";
import { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
} from "../onnx/onnx_pb.ts";
import type { Pool } from "../runtime/pool.ts";
import type { NodeTimes } from "../runtime/profile.ts";
import { float32 } from "../tensor/tensor.ts";
import { quietTime } from "./robust.ts";

/**
 * What observing adds. While it profiles, the runtime writes down the shapes of each tensor that a node
 * reads or gives before it looks at its clock again: a few microseconds, several times what a small
 * node takes.
 */
export interface Observer {
  /** Milliseconds that one execution of a node seems to take longer, and that it really took. */
  inside(node: NodeTimes): number;
  /** Milliseconds after each execution in which nothing is computed. */
  readonly outside: number;
}

/** Runs that are noted of each chain: a hundred nodes each make some thousand times. */
const RUNS = 100;

/** Length of the chains that are measured, and numbers of inputs of their nodes. */
const LENGTH = 100;
const [FEW, MANY] = [2, 6];

/** By threads of the runtime. */
const known = new Map<number, Promise<Observer>>();

/**
 * Finds out what observing adds on this machine: chains of nodes that compute next to nothing are
 * timed as a whole, unobserved, and node by node. Takes about a second, once for each process and
 * number of threads.
 */
export function observerOf(pool: Pool): Promise<Observer> {
  const found = known.get(pool.threads) ?? measure(pool);
  known.set(pool.threads, found);
  found.catch(() => known.delete(pool.threads)); // a pool that was closed says nothing of the next
  return found;
}

async function measure(pool: Pool): Promise<Observer> {
  const feeds = [{ x: float32([1], [0.5]) }];
  const models = [chain(1, FEW), chain(LENGTH, FEW), chain(LENGTH, MANY)] as const;
  const { ms } = await pool.times(models, feeds, { rounds: 9 });
  const [single, few, many] = models.map((_, i) => quietTime(ms.map((round) => round[i]!)));
  const seen = async (model: Model) => {
    const { runs, nodes } = await pool.profile(model, feeds, { runs: RUNS });
    const times = nodes.map(({ ms }) => quietTime(ms));
    const sum = times.reduce((total, time) => total + time, 0);
    return { mean: sum / times.length, outside: (quietTime(runs) - sum) / times.length };
  };
  const [atFew, atMany] = [await seen(models[1]), await seen(models[2])];
  return fitObserver({
    tensors: [FEW + 1, MANY + 1],
    really: [few, many].map((time) => Math.max(0, time! - single!) / (LENGTH - 1)),
    seen: [atFew.mean, atMany.mean],
    outside: (atFew.outside + atMany.outside) / 2,
  });
}

/** What was measured on two chains. Milliseconds for each node. */
export interface ObserverMeasurement {
  /** Tensors that each node of the chains reads and gives. */
  readonly tensors: readonly number[];
  readonly really: readonly number[];
  readonly seen: readonly number[];
  readonly outside: number;
}

/** A straight line through two points: so much for each node, and so much for each of its tensors. */
export function fitObserver({ tensors, really, seen, outside }: ObserverMeasurement): Observer {
  const [first, second] = seen.map((time, i) => Math.max(0, time - really[i]!)) as [number, number];
  const slope = Math.max(0, (second - first) / (tensors[1]! - tensors[0]!));
  const base = Math.max(0, first - slope * tensors[0]!);
  return {
    inside: ({ inputs, outputs }) => base + slope * (inputs.length + outputs.length),
    outside: Math.max(0, outside),
  };
}

/** `x = Max(x, x, ...)` so many times. */
function chain(length: number, inputs: number): Model {
  const value = (name: string) => ({
    name,
    type: {
      value: {
        case: "tensorType" as const,
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: { dim: [{ value: { case: "dimValue" as const, value: 1n } }] },
        },
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

/** Time of each node without what is in its bodies, and without what observing adds. */
export function ownTimes(nodes: readonly NodeTimes[], observer: Observer): number[] {
  const own = nodes.map(({ ms }) => [...ms]);
  const added = nodes.map((node) => node.executions * observer.inside(node));
  for (const { ms, parent, executions } of nodes) {
    if (parent === undefined) continue;
    ms.forEach((time, run) => own[parent]![run]! -= time);
    added[parent]! += executions * observer.outside;
  }
  return own.map((ms, i) => Math.max(0, quietTime(ms) - added[i]!));
}
