/**
 * Times of one node of the optimized graph.
 * @category Measuring (advanced)
 */
export interface NodeTimes {
  /** Name in the optimized graph; a node without one is `Conv_12`, by type and index. */
  readonly name: string;
  /** Operator that runs, e.g. `QLinearConv`. */
  readonly opType: string;
  /** Number that the runtime gave it within its graph, in no particular order. */
  readonly index: number;
  /** Shapes of its inputs, constants included, in the last run; those left out are skipped. */
  readonly inputs: readonly (readonly number[])[];
  /** Shapes of its outputs in the last run. */
  readonly outputs: readonly (readonly number[])[];
  /** Place in the list of the If, Loop or Scan in whose body it lies. */
  readonly parent?: number;
  /** Executions in the last run in which it was executed: several in the body of a loop. */
  readonly executions: number;
  /** Milliseconds of all its executions in each run, what is in its bodies included. */
  readonly ms: readonly number[];
}

/**
 * What the runtime noted of some runs.
 * @category Measuring (advanced)
 */
export interface RunProfile {
  /** Milliseconds of each run within WASM. */
  readonly runs: readonly number[];
  /** The nodes in the order of execution; those of a body after the node that holds it. */
  readonly nodes: readonly NodeTimes[];
}

/** What the runtime prints about one run, or one execution of a node. Times are in microseconds. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly node_index?: string;
    readonly input_type_shape?: readonly TypeAndShape[];
    readonly output_type_shape?: readonly TypeAndShape[];
  };
}

type TypeAndShape = Readonly<Record<string, readonly number[]>>;

/** One execution of a node, with those in its bodies. */
interface Execution {
  readonly event: ProfileEvent;
  readonly inside: readonly Execution[];
}

/** Ending of the events that time the kernel itself. */
const KERNEL = "_kernel_time";

/** Operators whose time is mostly that of the nodes in their bodies. */
const HOLDS_BODIES: ReadonlySet<string> = new Set(["If", "Loop", "Scan"]);

/**
 * Reads the profile that onnxruntime prints when profiling ends: a JSON array in the format of
 * Chrome's tracing, which log lines may surround. Events stand in the order in which they ended, so
 * that a run comes after its nodes, and a loop after what it repeated.
 *
 * @throws {SyntaxError} If the text holds no such array.
 * @example
 * ```ts
 * import { readProfile } from "./profile_run.ts";
 * import assert from "node:assert/strict";
 * const text = `[\n{"cat":"Node","ts":20,"dur":1500,"name":"fc_kernel_time","args":{"op_name":"Gemm",` +
 *   `"node_index":"2","output_type_shape":[{"float":[1,10]}]}},\n` +
 *   `{"cat":"Session","ts":10,"dur":1520,"name":"model_run"}\n]`;
 * const { runs, nodes } = readProfile(text);
 * assert.deepEqual([runs, nodes[0]!.name, nodes[0]!.ms], [[1.52], "fc", [1.5]]);
 * ```
 */
export function readProfile(text: string): RunProfile {
  const begin = text.startsWith("[\n") ? 0 : text.lastIndexOf("\n[\n") + 1;
  const events: ProfileEvent[] = JSON.parse(text.slice(begin, text.lastIndexOf("]") + 1));
  const runs: number[] = [];
  const nodes = new NodeTable();
  let done: Execution[] = [];
  for (const event of events) {
    const { cat, name, dur, args } = event;
    if (cat === "Session" && name === "model_run") {
      nodes.add(done, runs.length);
      runs.push(dur / 1000);
      done = [];
    } else if (cat === "Node" && name.endsWith(KERNEL)) {
      const inside = HOLDS_BODIES.has(args?.op_name ?? "") ? takeSince(event, done) : [];
      done.push({ event, inside });
    }
  }
  return { runs, nodes: nodes.list(runs.length) };
}

/** Takes off the end of a list what began after an event did. */
function takeSince({ ts }: ProfileEvent, done: Execution[]): Execution[] {
  const first = done.findLastIndex(({ event }) => event.ts < ts || event.ts + event.dur <= ts);
  return done.splice(first + 1);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The nodes seen so far, by what tells them apart. */
class NodeTable {
  readonly #nodes = new Map<string, Mutable<NodeTimes> & { readonly ms: number[] }>();
  readonly #children = new Map<string, string[]>();

  add(executions: readonly Execution[], run: number): void {
    this.#add(executions, run, "", new Set());
  }

  #add(executions: readonly Execution[], run: number, parent: string, seen: Set<string>): void {
    for (const { event: { name, dur, args }, inside } of executions) {
      const opType = args?.op_name ?? "";
      const key = JSON.stringify([parent, args?.node_index, opType, name]);
      let node = this.#nodes.get(key);
      if (!node) {
        node = {
          name: name.slice(0, -KERNEL.length),
          opType,
          index: Number(args?.node_index ?? -1),
          inputs: [],
          outputs: [],
          executions: 0,
          ms: [],
        };
        this.#nodes.set(key, node);
        this.#children.set(parent, [...this.#children.get(parent) ?? [], key]);
      }
      node.executions = seen.has(key) ? node.executions + 1 : 1;
      seen.add(key);
      node.inputs = shapes(args?.input_type_shape);
      node.outputs = shapes(args?.output_type_shape);
      node.ms[run] = (node.ms[run] ?? 0) + dur / 1000;
      this.#add(inside, run, key, seen);
    }
  }

  list(runs: number): NodeTimes[] {
    const listed: NodeTimes[] = [];
    const walk = (parentKey: string, parent?: number) => {
      for (const key of this.#children.get(parentKey) ?? []) {
        const node = this.#nodes.get(key)!;
        const ms = Array.from({ length: runs }, (_, run) => node.ms[run] ?? 0);
        const place = listed.push({ ...node, ms, ...(parent !== undefined && { parent }) }) - 1;
        walk(key, place);
      }
    };
    walk("");
    return listed;
  }
}

function shapes(values: readonly TypeAndShape[] = []): (readonly number[])[] {
  return values.flatMap((value) => Object.values(value));
}
