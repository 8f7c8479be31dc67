import type { ColdStartRecord } from "../../lib/record/cold_start.ts";
import type { Estimate } from "../../lib/record/metric_info.ts";
import type { NodeCounts } from "../../lib/record/node_counts.ts";
import type { EntryLoad, RuntimeRow } from "../../lib/record/runtime_table.ts";
import type { Latency } from "../../lib/record/trial_record.ts";
import type { RuntimeOptions } from "../../lib/runtime/runtime.ts";

/** A measurement that can be chosen by name: one file of this folder each. */
export interface Bench {
  readonly name: string;
  /** What it measures, in one line. */
  readonly summary: string;
  /** Whether it measures in another runtime than Octavo's own where that is asked for. @default {false} */
  readonly takesRuntime?: true;
  /**
   * Yields the rows as they are done.
   *
   * @param runtime Release and binary to measure in, of a bench that takes them.
   */
  run(
    signal: AbortSignal,
    runtime?: Pick<RuntimeOptions, "ort" | "binary">,
  ): AsyncIterable<BenchRow>;
}

/** One measured thing, against another. */
export type BenchRow =
  | TimeRow
  | MemoryRow
  | ReliabilityRow
  | FormRow
  | FactRow
  | NodesRow
  | EntryRow
  | MeanRow
  | TargetRow;

/** A time, against that of something which took turns with it. */
export interface TimeRow {
  /** e.g. `read lip-net, 55 MB`. */
  readonly what: string;
  /** What its time is compared with. */
  readonly against: string;
  /** The ratio of both times, and the times of this machine on this day. */
  readonly latency: Latency;
  /** Bytes that go through, for a rate. */
  readonly bytes?: number;
}

/** A form of a network, against the network as given: all that it gains and costs. */
export interface FormRow extends Omit<TimeRow, "bytes"> {
  /** SQNR to the network as given, dB; 150 where all bits are the same. */
  readonly sqnr: number;
  /** What a page waits for, and the most of the heap. */
  readonly start?: ColdStartRecord;
  /** Of the file, against that of the network as given. */
  readonly size: number;
  /** What is said beside it. */
  readonly note?: string;
}

/** A rule about kernels: two models whose times have a ratio that is expected. */
export interface FactRow extends Omit<TimeRow, "bytes"> {
  readonly expected: { readonly low: number; readonly high: number };
  readonly holds: boolean;
  /** Whether both models give the bits that they gave when the rule was written down. */
  readonly hasKnownBits: boolean;
  /** Files of lib that rely on it. */
  readonly reliedOnBy: readonly string[];
}

/** A time, with the nodes that it goes through. */
export interface NodesRow extends Omit<TimeRow, "bytes"> {
  readonly nodes: NodeCounts;
  /** Of what has the same to do. */
  readonly nodesAgainst: NodeCounts;
}

/** A network in the binary that an import of onnxruntime-web leads to. */
export interface EntryRow {
  readonly what: string;
  readonly against: string;
  /** The first binary's row is what the others are held against. */
  readonly row: RuntimeRow;
  /** What a page loads for it. */
  readonly load: EntryLoad;
}

/** What several networks come to. */
export interface MeanRow {
  readonly what: string;
  readonly against: string;
  /** Geometric mean of their ratios. */
  readonly mean: number;
  readonly networks: number;
}

/** A figure of several networks that is asked for. */
export interface TargetRow extends Omit<MeanRow, "mean"> {
  readonly value: number;
  readonly target: { readonly high: number };
  readonly holds: boolean;
}

/** The peak of a process' memory, against that of another process, or a size. */
export interface MemoryRow {
  readonly what: string;
  readonly against: string;
  /** Bytes. */
  readonly peak: number;
  readonly peakAgainst: number;
}

/** How far the ratios of fresh processes can be relied on. */
export interface ReliabilityRow {
  readonly what: string;
  readonly against: string;
  readonly processes: number;
  /** Milliseconds of float32, median. */
  readonly baselineMs: number;
  /** Processes whose interval holds the ratio of the long run. */
  readonly holding: number;
  /** Width of their intervals as a share of the ratio, median. */
  readonly width: number;
  /** Distance of their ratios from that of the long run, as a share of it, median. */
  readonly error: number;
  /** Seconds that a comparison takes, median. */
  readonly seconds: number;
  readonly ratios: readonly Estimate[];
}
