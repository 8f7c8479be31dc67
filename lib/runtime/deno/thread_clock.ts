import process from "node:process";
import { isPermitted } from "../../permitted.ts";
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

/**
 * What starts are timed with: the time of the thread, else the wall's. In that of the process are V8's
 * compilers, for which a page does not wait.
 */
export function startClockOf(threads: number): Clock {
  const own = clockOf(threads);
  return own.kind === "thread" ? own : wallClock;
}

/** A system's library, and its number for the clock of the thread that asks, as its headers have it. */
interface SystemClock {
  readonly id: number;
  /**
   * Where the library is. Deno permits a single library by its whole path alone: it takes a bare name for
   * a file of the working directory, unless every library is permitted.
   */
  readonly libraries: readonly string[];
}

const CLOCKS: Partial<Record<typeof Deno.build.os, SystemClock>> = {
  linux: {
    id: 3,
    libraries: [
      "/lib/x86_64-linux-gnu/libc.so.6",
      "/lib/aarch64-linux-gnu/libc.so.6",
      "/lib64/libc.so.6",
      "libc.so.6",
    ],
  },
  darwin: { id: 16, libraries: ["/usr/lib/libSystem.B.dylib"] },
};

/** Undefined where the system has none that is fine enough, or may not be asked. */
function openThreadClock(): Clock | undefined {
  const { id, libraries } = CLOCKS[Deno.build.os] ?? { id: 0, libraries: [] };
  for (const path of libraries.filter((path) => isPermitted({ name: "ffi", path }))) {
    const clock = openLibraryClock(path, id);
    if (clock) return clock;
  }
  return undefined;
}

/** Undefined where there is no such library, or it is another system's. */
function openLibraryClock(library: string, id: number): Clock | undefined {
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
    return undefined;
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
