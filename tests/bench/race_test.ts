import assert from "node:assert/strict";
import { race } from "../../scripts/bench/race.ts";

Deno.test("race() gives each task one turn a round", async () => {
  const { ms } = await race([() => {}, () => {}], { rounds: 3 });
  assert.deepEqual(ms.map((round) => round.length), [2, 2, 2]);
});

Deno.test("race() runs tasks that are warm as often as there are rounds", async () => {
  let runs = 0;
  await race([() => void runs++], { rounds: 3, warm: false });
  assert.equal(runs, 3);
});

Deno.test("race() ends when it is told to", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(race([() => {}], { signal }), /enough/);
});
