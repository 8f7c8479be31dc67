import type { OnStep, StepEvent } from "../record/event.ts";

/**
 * Work that tells what it finds as it goes, and has a result in the end. It begins at once. Each loop over
 * it sees every event from the beginning, of the steps only the latest; leaving a loop does not end the
 * work, an AbortSignal does.
 *
 * @example
 * ```ts
 * import { Running } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const running = new Running(async function* (onStep) {
 *   yield { kind: "begin" };
 *   onStep({ step: "accuracy", done: 1, of: 2 });
 *   onStep({ step: "accuracy", done: 2, of: 2 });
 *   yield await Promise.resolve({ kind: "trial" });
 *   return "three";
 * });
 * const seen = [];
 * for await (const event of running) if (event.kind !== "step") seen.push(event.kind);
 * assert.deepEqual(seen, ["begin", "trial"]);
 * assert.equal(await running, "three");
 * ```
 * @category Studies (advanced)
 */
export class Running<Event extends { readonly kind: string }, Result>
  implements AsyncIterable<Event | StepEvent>, PromiseLike<Result> {
  readonly #result: Promise<Result>;
  readonly #events: Event[] = [];
  #step: StepEvent | undefined;
  #ended = false;
  /** Settled at the next event, or the end. */
  #next = Promise.withResolvers<void>();

  /**
   * Starts the work.
   *
   * @param work Gives events as they come and returns the result; is given whom to tell how far it is.
   */
  constructor(work: (onStep: OnStep) => AsyncGenerator<Event, Result, void>) {
    const onStep: OnStep = (step) => {
      this.#step = { kind: "step", ...step };
      this.#wake();
    };
    this.#result = this.#drive(work(onStep));
    this.#result.catch(() => {}); // seen by whoever waits for it
  }

  /** Takes the result, or the error, once the work is over: what `await` calls. */
  then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return this.#result.then(onFulfilled, onRejected);
  }

  /** The events from the beginning, whenever the loop starts; throws what the work threw. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event | StepEvent, void, void> {
    let step: StepEvent | undefined;
    for (let i = 0;;) {
      if (i < this.#events.length) yield this.#events[i++]!;
      else if (this.#ended) break;
      else if (this.#step !== step) yield step = this.#step!;
      else await this.#next.promise;
    }
    await this.#result;
  }

  async #drive(work: AsyncGenerator<Event, Result, void>): Promise<Result> {
    try {
      for (;;) {
        const { value, done } = await work.next();
        if (done) return value;
        this.#events.push(value);
        this.#wake();
      }
    } finally {
      this.#ended = true;
      this.#wake();
    }
  }

  #wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
