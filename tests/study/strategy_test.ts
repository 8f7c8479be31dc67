import assert from "node:assert/strict";
import {
  askAndTell,
  type Experiment,
  listStrategy,
  type Strategy,
} from "../../lib/study/strategy.ts";

/** Squares numbers; some it knows already. */
function squares(known: readonly number[] = []) {
  const measured: number[][] = [];
  const experiment: Experiment<number, number> = {
    known: (ask) => Promise.resolve(known.includes(ask) ? ask * ask : undefined),
    async *measure(asks) {
      measured.push([...asks]);
      for (const ask of asks) yield [ask, await Promise.resolve(ask * ask)];
    },
  };
  return { experiment, measured };
}

Deno.test("askAndTell() measures what a strategy asks together, and tells each answer", async () => {
  const { experiment, measured } = squares();
  const told = await Array.fromAsync(askAndTell(listStrategy([2, 3]), experiment));
  assert.deepEqual(told, [
    { ask: 2, answer: 4, reused: false },
    { ask: 3, answer: 9, reused: false },
  ]);
  assert.deepEqual(measured, [[2, 3]]);
});

Deno.test("askAndTell() tells what is known, and measures only the rest", async () => {
  const { experiment, measured } = squares([3]);
  const told = await Array.fromAsync(askAndTell(listStrategy([2, 3, 4]), experiment));
  assert.deepEqual(told.map(({ ask, reused }) => [ask, reused]), [[3, true], [2, false], [
    4,
    false,
  ]]);
  assert.deepEqual(measured, [[2, 4]]);
});

Deno.test("askAndTell() asks again with what it was told, until nothing is asked", async () => {
  const { experiment } = squares();
  const seen: number[] = [];
  const doubling: Strategy<number, number> = {
    ask: () => (seen.at(-1) ?? 1) > 100 ? [] : [seen.at(-1) ?? 2],
    tell: (_, answer) => void seen.push(answer),
  };
  await Array.fromAsync(askAndTell(doubling, experiment));
  assert.deepEqual(seen, [4, 16, 256]);
});

Deno.test("askAndTell() measures nothing where all is known", async () => {
  const { experiment, measured } = squares([2]);
  await Array.fromAsync(askAndTell(listStrategy([2]), experiment));
  assert.deepEqual(measured, []);
});
