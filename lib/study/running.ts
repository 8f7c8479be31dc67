/**
 * Work that tells what it finds as it goes, and has a result in the end. It begins at once. Each loop over
 * it sees everything from the beginning; leaving a loop does not end the work, an AbortSignal does.
 *
 * @example
 * ```ts
 * import { Running } from "./running.ts";
 * import assert from "node:assert/strict";
 * const running = new Running(async function* () {
 *   yield 1;
 *   yield await Promise.resolve(2);
 *   return "three";
 * }());
 * const seen = [];
 * for await (const event of running) seen.push(event);
 * assert.deepEqual(seen, [1, 2]);
 * assert.equal(await running, "three");
 * ```
 */
export class Running<Event, Result> implements AsyncIterable<Event>, PromiseLike<Result> {
  readonly #result: Promise<Result>;
  readonly #events: Event[] = [];
  #ended = false;
  /** Settled at the next event, or the end. */
  #next = Promise.withResolvers<void>();

  constructor(work: AsyncGenerator<Event, Result, void>) {
    this.#result = this.#drive(work);
    this.#result.catch(() => {}); // seen by whoever waits for it
  }

  then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return this.#result.then(onFulfilled, onRejected);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    for (let i = 0;;) {
      if (i < this.#events.length) yield this.#events[i++]!;
      else if (this.#ended) break;
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
