import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import type { Trial } from "../../lib/record/trial_record.ts";
import type { TrialAsk, TrialStrategy } from "../../lib/study/trial_ask.ts";
import { Deadline, requireTime } from "../../lib/task/deadline.ts";

const ask: TrialAsk = { recipe: { kind: "configuration", base: "fused", placement: "mixed" } };
const trial = {} as Trial;

/** A strategy that always has one more to ask, and a clock. */
function endless(minutes?: number) {
  const clock = { ms: 0 };
  const strategy: TrialStrategy = { ask: () => [ask], tell: () => {} };
  const deadline = new Deadline({
    ...{ minutes, started: 0, floatSeconds: 5, testShare: 2 },
    now: () => clock.ms,
  });
  return { clock, deadline, strategy: deadline.over(strategy) };
}

Deno.test("a Deadline keeps time for the test split and the files", () => {
  // 12 s, and float32 and a candidate on twice as many samples as took 5 s: 32 s of 10 minutes.
  using deadline = endless(10).deadline;
  assert.equal(deadline.msLeft(), 600_000 - 32_000);
  // Of a short time no more than a third is kept.
  using short = endless(0.5).deadline;
  assert.equal(short.msLeft(), 20_000);
});

Deno.test("a Deadline lets a strategy ask as long as the longest trial so far still fits", async () => {
  const { clock, deadline, strategy } = endless(10);
  using _ = deadline;
  assert.equal((await strategy.ask()).length, 1);
  clock.ms = 100_000;
  strategy.tell(ask, trial);
  assert.equal(deadline.isSpent, false);
  clock.ms = 442_999;
  assert.equal((await strategy.ask()).length, 1);
  assert.equal(deadline.isOver, false);
  clock.ms = 443_001; // 124.999 s are left, and one took 100
  assert.deepEqual(await strategy.ask(), []);
  assert.equal(deadline.isOver, true);
  clock.ms = 594_001; // not even 6 s are left for the profiles
  assert.equal(deadline.isSpent, true);
});

Deno.test("the time that a strategy takes to think is no trial's", async () => {
  const { clock, deadline } = endless(10);
  using _ = deadline;
  const slow = deadline.over({
    ask: () => {
      clock.ms += 300_000;
      return [ask];
    },
    tell: () => {},
  });
  await slow.ask();
  clock.ms += 1000;
  slow.tell(ask, trial);
  clock.ms = 566_000;
  assert.equal((await deadline.over({ ask: () => [ask], tell: () => {} }).ask()).length, 1);
});

Deno.test("a Deadline without minutes never comes", async () => {
  const { clock, deadline, strategy } = endless();
  using _ = deadline;
  clock.ms = 1e12;
  assert.equal((await strategy.ask()).length, 1);
  assert.equal(deadline.msLeft(), Infinity);
});

Deno.test("requireTime() refuses a time in which not one trial ends, and says what would do", () => {
  requireTime(1, 5, 12_000);
  assert.throws(() => requireTime(0.2, 5, 10_000), (error) => {
    assert.ok(error instanceof UserError);
    // Four trials of 11 s and float32 once more: 49 s.
    assert.match(error.message, /within 0\.2 minutes: .* about 11 s; give it 0\.9 minutes or more/);
    return true;
  });
});
