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

/** Kinds of answers. What is no number is told as a text. */
export const ANSWER = { score: 0, none: 1, other: 2, error: 3 } as const;

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
        write(memory.answer, reasonOf(error), ANSWER.error);
      }
      Atomics.store(memory.state, 0, STATE.answered);
      Atomics.notify(memory.state, 0);
    }
    wait();
  };
}

/** Writes an answer of whatever type. */
function write(answer: SharedArrayBuffer, value: unknown, kind: number = kindOf(value)): void {
  const head = new Float64Array(answer, 0, 2);
  head[0] = kind;
  if (kind === ANSWER.score) head[1] = value as number;
  // The encoder does not write into shared memory.
  const text = new TextEncoder().encode(kind === ANSWER.score ? "" : String(value));
  const room = new Uint8Array(answer, TEXT_AT);
  room.set(text.subarray(0, room.length));
  if (kind !== ANSWER.score) head[1] = Math.min(text.length, room.length);
}

function kindOf(value: unknown): number {
  if (value === undefined) return ANSWER.none;
  return typeof value === "number" ? ANSWER.score : ANSWER.other;
}
