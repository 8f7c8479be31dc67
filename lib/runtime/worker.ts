import { explain } from "./runtime_errors.ts";
import { installHook, type RuntimeHook } from "./hook.ts";
import { packError } from "./plain_error.ts";
import { readProfile, type RunProfile } from "./profile_run.ts";
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
import { OpenSession } from "./session.ts";
import { interleave, warmUp } from "./timing.ts";

/** One worker of a runtime: a thread with its own instance of the runtime. */

/** Sessions kept open: the float32 model of a study, and a few candidates. */
const KEPT = 4;

/** Least milliseconds between two signs of life. */
const ALIVE_EVERY = 500;

/** Bounds of how many runs a profile takes where nobody says: a line of text is printed for each node. */
const PROFILED_RUNS = { fewest: 12, most: 400 };

/** The first runs of a session plan its memory. */
const UNSETTLED = 2;

let control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
let heap: SharedArrayBuffer | undefined;
let opened = 0;
let lastSign = 0;

const send = (reply: Reply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });

/** Installed by {@linkcode start}. */
let hook: RuntimeHook;

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

/** Sessions by hash and name of the model, which messages tell; the least recently used first. */
const sessions = new Map<string, OpenSession>();

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

async function open(model: ModelRef): Promise<OpenSession> {
  const { hash, name, bytes } = model;
  const key = `${hash} ${name}`;
  const known = sessions.get(key);
  const session = known ?? await OpenSession.open(new Uint8Array(bytes), { name });
  if (!known) opened++;
  sessions.delete(key);
  sessions.set(key, session);
  checkIn();
  return session;
}

/** Closes the sessions that were not used for longest. */
async function trim(): Promise<void> {
  for (const [key, session] of sessions) {
    if (sessions.size <= KEPT) return;
    sessions.delete(key);
    await session.release();
  }
}

const jobs: { [K in JobKind]: (request: Jobs[K]["request"]) => Promise<Jobs[K]["answer"]> } = {
  async run({ model, samples, first, outputs }) {
    const session = await open(model);
    const results = [];
    const start = performance.now();
    for (const [i, feeds] of samples.entries()) {
      checkIn();
      try {
        results.push(await session.run(feeds, outputs));
      } catch (error) {
        if (error instanceof Error) error.message += ` (sample ${first + i})`;
        throw error;
      }
    }
    return { results, ms: performance.now() - start };
  },

  async times({ models, samples, rounds, minRoundMs, maxMs }) {
    const contestants = [];
    const warmup: number[] = [];
    for (const model of models) {
      const session = await open(model);
      const feeds = samples.map((sample) => session.prepare(sample));
      const run = (sample: number) => session.runPrepared(feeds[sample]!);
      const { runs, ms } = await warmUp(run, samples.length, {
        minMs: minRoundMs,
        between: checkIn,
      });
      warmup.push(runs);
      contestants.push({ run, ms });
    }
    const ms = await interleave(contestants, samples.length, {
      ...{ rounds, maxMs },
      minMs: minRoundMs,
      between: checkIn,
    });
    return { ms, warmup };
  },

  async optimized({ model: { name, bytes } }) {
    hook.require(`read back how ${name} is executed`);
    const written = await hook.catchFile(async () => {
      const native = { optimizedModelFilePath: "optimized.onnx" };
      const session = await OpenSession.open(new Uint8Array(bytes), { name, native });
      await session.release();
    });
    opened++;
    return { bytes: written };
  },

  async profile({ model, samples, runs, minMs }) {
    const { name, bytes } = model;
    hook.require(`profile ${name}`);
    const plain = await open(model);
    const feeds = samples.map((sample) => plain.prepare(sample));
    // V8 compiles what is hot for good: another session of the same model finds it so.
    const { ms } = await warmUp((sample) => plain.runPrepared(feeds[sample]!), samples.length, {
      minMs: 1,
      between: checkIn,
    });
    const { fewest, most } = PROFILED_RUNS;
    const count = runs ?? Math.min(most, Math.max(fewest, Math.ceil(minMs / ms)));
    const text = await hook.catchText(async () => {
      const native = { enableProfiling: true };
      const session = await OpenSession.open(new Uint8Array(bytes), { name, native });
      for (let run = 0; run < UNSETTLED + count; run++) {
        checkIn();
        await session.runPrepared(feeds[run % feeds.length]!);
      }
      session.endProfiling();
      await session.release();
    });
    opened++;
    try {
      return withoutFirst(UNSETTLED, readProfile(text));
    } catch (error) {
      throw explain(error, name, "profile");
    }
  },
};

/** A profile without its first runs. */
function withoutFirst(count: number, { runs, nodes }: RunProfile): RunProfile {
  const later = (ms: readonly number[]) => ms.slice(count);
  return { runs: later(runs), nodes: nodes.map((node) => ({ ...node, ms: later(node.ms) })) };
}

async function work(request: Request): Promise<void> {
  const { id, kind } = request;
  lastSign = performance.now();
  try {
    // Each kind has its own function, which TypeScript cannot follow through a table.
    const job = jobs[kind] as (request: Request) => Promise<Jobs[JobKind]["answer"]>;
    const answer = await job(request);
    await trim();
    send({ kind: "done", id, answer, opened }, buffersOf(answer));
  } catch (error) {
    send({ kind: "failed", id, error: packError(error) });
  }
}

/** Buffers that go to the runtime for good, instead of being copied. */
function buffersOf(answer: Jobs[JobKind]["answer"]): ArrayBuffer[] {
  const views = "results" in answer
    ? answer.results.flatMap((tensors) => Object.values(tensors).map(({ data }) => data))
    : "bytes" in answer
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
async function start(message: Start): Promise<void> {
  control = new Int32Array(message.control);
  hook = await installHook({ onRun: announce });
  await OpenSession.open(new Uint8Array(0), { threads: message.threads }).catch(() => {});
  send({ kind: "ready" });
}

// One after another: the runtime's sessions share one heap, and the hook catches for one job at a time.
let last = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Start | Request>) => {
  last = last.then(() => data.kind === "start" ? start(data) : work(data));
};
