import type { Binary } from "./binary.ts";

/**
 * What ran a model. Its times belong to it, and to a number of threads and a machine; its bits do not depend
 * on engine and binary.
 * @category Records (advanced)
 */
export interface RuntimeName {
  /** What ran the WASM, with its version: `Deno 2.9.6, V8 14.9.207.2-rusty`. */
  engine: string;
  /** The version of onnxruntime-web, with where it came from unless that is npm's package of this version. */
  release: string;
  /** The WASM binary; absent where a module of one's own hides it. */
  binary?: Binary;
}

/** What ran the models of records that do not say it: nothing else could be chosen when they were written. */
const BEFORE: RuntimeName = { engine: "Deno", release: "1.30.0", binary: "plain" };

/** Of what is known of a runtime, its name. */
export function runtimeName({ engine, release, binary }: Readonly<RuntimeName>): RuntimeName {
  return { engine, release, ...(binary && { binary }) };
}

/** What times of a record belong to. */
export interface TimedIn {
  readonly threads: number;
  readonly runtime?: Readonly<RuntimeName>;
}

/**
 * What times were measured in: `onnxruntime-web 1.30.0, plain binary, 1 thread, Deno 2.9.6, V8 14.9`.
 *
 * @example
 * ```ts
 * import { timedInText } from "./runtime_name.ts";
 * import assert from "node:assert/strict";
 * const before = timedInText({ threads: 2 });
 * assert.equal(before, "onnxruntime-web 1.30.0, plain binary, 2 threads, Deno");
 * ```
 */
export function timedInText({ threads, runtime = BEFORE }: TimedIn): string {
  const { engine, release } = runtime;
  return `onnxruntime-web ${release}, ${binaryText({ runtime })}, ${threads} ` +
    `${threads === 1 ? "thread" : "threads"}, ${engine}`;
}

/** Its binary in words: `plain binary`. */
export function binaryText({ runtime = BEFORE }: Pick<TimedIn, "runtime">): string {
  return `${runtime.binary ?? "unknown"} binary`;
}

/** At the end of a machine's fingerprint; one of before, which knew of no other binary, ends in the release. */
const PLAIN = ", plain binary";

/** The fingerprint of a machine in full, of a record that may be of before. */
export function machineText({ machine, runtime }: { machine: string; runtime?: unknown }): string {
  return runtime || !/onnxruntime-web [^;,]*$/.test(machine) ? machine : machine + PLAIN;
}

/** Whether times of an earlier record count on this machine: they were taken on it, in the same binary. */
export function isSameMachine(earlier: string, now: string): boolean {
  return earlier === now || earlier === machineBefore(now);
}

/** The fingerprint that a machine had before binaries were told apart; undefined where it is another binary. */
export function machineBefore(machine: string): string | undefined {
  return machine.endsWith(PLAIN) ? machine.slice(0, -PLAIN.length) : undefined;
}
