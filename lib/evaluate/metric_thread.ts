import { reasonOf, UserError } from "../errors.ts";
import type { Metric, ScoredSample } from "./metric.ts";
import { readMetric } from "./read_metric.ts";

/** What a metric's worker is given to begin with. */
export interface MetricMemory {
  /** One word in shared memory: {@linkcode STATE}. */
  readonly state: Int32Array;
  /** The last answer: its kind ({@linkcode ANSWER}); the score, or the length of the text; the text. */
  readonly answer: SharedArrayBuffer;
}

/** Who has the word. */
export const STATE = {
  /** Nobody: a sample may be sent. */
  idle: 0,
  /** The worker, to score a sample. */
  asked: 1,
  /** The one who asked. */
  answered: 2,
  /** Nobody, and the worker has ended. */
  ended: 3,
} as const;

/** Kinds of answers. */
export const ANSWER = { score: 0, none: 1, error: 2 } as const;

/** Bytes of an answer before the text: its kind and a number, of 8 bytes each. */
export const TEXT_AT = 16;

/** What a worker says when it has loaded a metric: all but its functions; or why it has not. */
export type MetricLoaded =
  | { readonly facts: Omit<Metric, "score">; readonly source: string }
  | { readonly wrong: string };

/** What a worker has, of which the compiler does not know that this is one. */
declare const self: {
  postMessage(message: MetricLoaded): void;
  onmessage: (event: MessageEvent<MetricMemory | ScoredSample>) => void;
  close(): void;
};

/**
 * Scores samples with the metric of a module, in a worker, until none has come for a while.
 *
 * @param load Imports the module.
 * @param words.name Name of the metric where it has none.
 * @param words.what How messages begin.
 * @param patienceMs How long it waits.
 */
export function serveMetric(
  load: () => Promise<{ readonly default?: unknown }>,
  { name, what }: { readonly name: string; readonly what: string },
  patienceMs: number,
): void {
  const loading = load().catch((error) => {
    throw new UserError(`${what}: ${reasonOf(error)}`);
  }).then((module) => {
    const metric = readMetric(module.default, name, what);
    const { score, ...facts } = metric;
    return { metric, facts, source: String((module.default as Partial<Metric>).score ?? score) };
  });
  loading.then(
    ({ facts, source }) => self.postMessage({ facts, source }),
    (error) => self.postMessage({ wrong: reasonOf(error) }),
  );
  let memory: MetricMemory;
  let ending: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    if (patienceMs < Infinity) ending = setTimeout(end, patienceMs);
  };
  const end = () => {
    const { idle, ended } = STATE;
    if (Atomics.compareExchange(memory.state, 0, idle, ended) === idle) self.close();
    else wait();
  };
  self.onmessage = async ({ data }) => {
    clearTimeout(ending);
    if ("state" in data) memory = data;
    else {
      try {
        const { metric } = await loading;
        write(memory.answer, metric.score(data));
      } catch (error) {
        write(memory.answer, new Error(reasonOf(error)));
      }
      Atomics.store(memory.state, 0, STATE.answered);
      Atomics.notify(memory.state, 0);
    }
    wait();
  };
}

/** Writes what a metric gave or threw. What is no score at all is an error. */
function write(answer: SharedArrayBuffer, given: unknown): void {
  const head = new Float64Array(answer, 0, 2);
  if (given === undefined) head[0] = ANSWER.none;
  else if (typeof given === "number") head.set([ANSWER.score, given]);
  else {
    const found = given instanceof Error
      ? given.message
      : `the score must be a finite number, got ${given}`;
    const text = new TextEncoder().encode(found); // which does not write into shared memory
    const room = new Uint8Array(answer, TEXT_AT);
    room.set(text.subarray(0, room.length));
    head.set([ANSWER.error, Math.min(text.length, room.length)]);
  }
}
