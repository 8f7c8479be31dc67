import { UserError } from "../errors.ts";

/**
 * Says what to measure next, and learns from the answers. It holds no runtime and no store, so that it
 * can be tested with answers made up by hand.
 *
 * @example A list is the simplest strategy
 * ```ts
 * import type { Strategy } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const open = ["a", "b"];
 * const strategy: Strategy<string, number> = { ask: () => open.splice(0), tell: () => {} };
 * assert.deepEqual(await strategy.ask(), ["a", "b"]);
 * assert.deepEqual(await strategy.ask(), []);
 * ```
 * @category Studies (advanced)
 */
export interface Strategy<Ask, Answer> {
  /** What to measure next, together; nothing ends the study. */
  ask(): readonly Ask[] | Promise<readonly Ask[]>;
  /** What came of it. A failure is an answer too. */
  tell(ask: Ask, answer: Answer): void;
}

/** Measures one kind of thing: trials, or effects of layers by replay. */
export interface Experiment<Ask, Answer> {
  /** The answer that an earlier run left; undefined where anything of it is missing. */
  known(ask: Ask): Promise<Answer | undefined>;
  /** Measures, and keeps each answer before it gives it: a kill loses one answer at most. */
  measure(asks: readonly Ask[]): AsyncIterable<readonly [Ask, Answer]>;
}

/** An answer as it comes. */
export interface Told<Ask, Answer> {
  readonly ask: Ask;
  readonly answer: Answer;
  /** Taken from an earlier run. */
  readonly reused: boolean;
}

/** Asks a strategy and tells it, until it asks no more. */
export async function* askAndTell<Ask, Answer>(
  strategy: Strategy<Ask, Answer>,
  experiment: Experiment<Ask, Answer>,
): AsyncGenerator<Told<Ask, Answer>, void, void> {
  for (;;) {
    const asks = await strategy.ask();
    if (!Array.isArray(asks)) {
      throw new UserError(`Cannot measure what a strategy asks: ask() has to return a list`);
    }
    if (asks.length === 0) return;
    const open: Ask[] = [];
    for (const ask of asks) {
      const answer = await experiment.known(ask);
      if (answer === undefined) open.push(ask);
      else {
        strategy.tell(ask, answer);
        yield { ask, answer, reused: true };
      }
    }
    if (open.length === 0) continue;
    for await (const [ask, answer] of experiment.measure(open)) {
      strategy.tell(ask, answer);
      yield { ask, answer, reused: false };
    }
  }
}

/** A strategy that asks for all of a list at once, and learns nothing. */
export function listStrategy<Ask, Answer>(asks: readonly Ask[]): Strategy<Ask, Answer> {
  const open = [...asks];
  return { ask: () => open.splice(0), tell: () => {} };
}
