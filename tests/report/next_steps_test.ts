import assert from "node:assert/strict";
import { nextSteps } from "../../lib/report/next_steps.ts";
import { around, studyOf, sweepStudy, type TrialSketch } from "./fixture.ts";

const stepsOf = (...sketches: Partial<TrialSketch>[]) =>
  nextSteps(studyOf(sketches.map((sketch, i) => ({ name: `t${i}`, family: "static", ...sketch }))));

Deno.test("nextSteps() are none where there is a winner, or nothing was measured", () => {
  assert.deepEqual(nextSteps(sweepStudy()), []);
  assert.deepEqual(stepsOf(), []);
});

Deno.test("nextSteps() say what to do without a winner, by what there is", () => {
  assert.match(
    stepsOf({ error: "out of memory" })[0]!,
    /mend what failed first, t0: out of memory/,
  );
  assert.match(stepsOf({ difference: -9 })[0]!, /deno task ablate.*--max-drop.*t0 is the one/);
  assert.match(
    stepsOf({ ratio: 1.3, bytes: 2_000_000 })[0]!,
    /t0 keeps the budget at ×0\.26 .*size/,
  );
  assert.match(stepsOf({ ratio: 1.3, bytes: 7_620_000 })[0]!, /next: `deno task profile`/);
});

Deno.test("nextSteps() lead to the float32 network where an int8 file misses the budget itself", () => {
  const study = studyOf([{ name: "t0", family: "static", difference: -9 }]);
  const given = (difference: number) => ({
    ...{ form: "int8" as const, reference: { name: "original.onnx", hash: "", bytes: 9 } },
    accuracy: {
      selection: {
        ...{ split: "selection" as const, value: around(90, 2, 500) },
        difference: around(difference, 0.4, 500),
      },
    },
  });
  assert.match(
    nextSteps({ ...study, given: given(-4) })[0]!,
    /start from original\.onnx, or accept/,
  );
  assert.match(nextSteps({ ...study, given: given(-0.1) })[0]!, /deno task ablate/);
});
