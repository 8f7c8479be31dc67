import { reasonOf, UserError } from "../../errors.ts";
import type { LoadedOrt } from "./deno_environment.ts";
import { installHook } from "./hook.ts";
import { type LoadableModel, ModelRunner } from "./model_runner.ts";
import { cannotUse, ortModule, versionOf, whyNotStarted } from "./ort_module.ts";
import { OrtSession } from "./ort_session.ts";
import { packError } from "./plain_error.ts";
import { startClockOf } from "./thread_clock.ts";
import {
  CONTROL,
  CONTROL_BYTES,
  type JobKind,
  type Jobs,
  type ModelRef,
  type Reply,
  type Request,
  type Start,
} from "./protocol.ts";

/** One worker of a runtime: a thread with its own instance of the runtime. */

/** Least milliseconds between two signs of life. */
const ALIVE_EVERY = 500;

let control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
let heap: SharedArrayBuffer | undefined;
let lastSign = 0;

const send = (reply: Reply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });

/** Made by {@linkcode start}. */
let runner: ModelRunner;
let loaded: LoadedOrt;
/** Milliseconds until the runtime had started. */
let startMs: number;
/** Why nothing can be done here. */
let unusable: unknown;

/** Notes how the run that is about to begin can be ended. */
function announce(memory: SharedArrayBuffer, address: number): void {
  // The heap grows by moving on to a longer buffer.
  if (memory.byteLength !== heap?.byteLength) {
    heap = memory;
    send({ kind: "heap", heap });
  }
  Atomics.store(control, CONTROL.address, address);
  stopIfTold(); // after the store: whoever comes later finds the address
}

function stopIfTold(): void {
  if (Atomics.load(control, CONTROL.stop) !== 0) throw new Error("the worker was told to stop");
}

/** Ends the job if the runtime has given up on it; else tells the runtime, now and then, that all is well. */
function checkIn(): void {
  stopIfTold();
  const now = performance.now();
  if (now - lastSign < ALIVE_EVERY) return;
  lastSign = now;
  send({ kind: "alive" });
}

const jobs: { [K in JobKind]: (request: Jobs[K]["request"]) => Promise<Jobs[K]["answer"]> } = {
  version: () => Promise.resolve(loaded),
  run: ({ model, ...request }) => runner.run(loadable(model), request),
  times: ({ models, ...request }) => runner.times(models.map(loadable), request),
  optimized: async ({ model }) => ({ bytes: await runner.optimized(loadable(model)) }),
  profile: async ({ model, ...request }) => ({
    profile: await runner.profile(loadable(model), request),
  }),
  coldStart: async ({ model, ...request }) => {
    const { start, clock } = await runner.coldStart(loadable(model), request);
    return { start: { startMs, ...start }, clock };
  },
};

function loadable({ hash, name, bytes }: ModelRef): LoadableModel {
  return { key: hash, name, bytes: new Uint8Array(bytes) };
}

async function work(request: Request): Promise<void> {
  const { id, kind } = request;
  lastSign = performance.now();
  try {
    if (unusable !== undefined) throw unusable;
    // Each kind has its own function, which TypeScript cannot follow through a table.
    const job = jobs[kind] as (request: Request) => Promise<Jobs[JobKind]["answer"]>;
    const answer = await job(request);
    await runner.trim();
    send({ kind: "done", id, answer, opened: runner.opened }, buffersOf(answer));
  } catch (error) {
    send({ kind: "failed", id, error: packError(error) });
  }
}

/** Buffers that go to the runtime for good, instead of being copied. */
function buffersOf(answer: Jobs[JobKind]["answer"]): ArrayBuffer[] {
  const views = "results" in answer
    ? answer.results.flatMap((tensors) => Object.values(tensors).map(({ data }) => data))
    : "bytes" in answer && answer.bytes
    ? [answer.bytes]
    : [];
  return views.flatMap((view) =>
    ArrayBuffer.isView(view) && view.buffer instanceof ArrayBuffer ? [view.buffer] : []
  );
}

/**
 * Starts the runtime ahead of the first job, whose time is limited: compiling the WASM takes about
 * half a second. A session is the only way to start it; that there is no model in it is found later.
 */
async function start({ control: shared, ort, binary, threads, anew }: Start): Promise<void> {
  control = new Int32Array(shared);
  const hook = installHook({ onRun: announce, anew });
  runner = new ModelRunner({ hook, between: checkIn });
  const clock = startClockOf(threads);
  const from = clock.now();
  try {
    const release = versionOf(await ortModule({ module: ort, binary }), ort);
    await OrtSession.open(new Uint8Array(0), { threads }).catch((error) => {
      const reason = whyNotStarted(reasonOf(error), threads);
      if (reason !== undefined) {
        throw new UserError(`${cannotUse({ module: ort, binary })}: ${reason}`);
      }
    });
    startMs = clock.now() - from;
    loaded = { release, binary: binary ?? hook.binary };
  } catch (error) {
    unusable = error; // told to whoever wants something
  }
  send({ kind: "ready" });
}

// One after another: the runtime's sessions share one heap, and the hook catches for one job at a time.
let last = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Start | Request>) => {
  last = last.then(() => data.kind === "start" ? start(data) : work(data));
};
