import assert from "node:assert/strict";
import type { StudyEvent } from "../../../lib/record/event.ts";
import type { Study } from "../../../lib/record/study_record.ts";
import { Running } from "../../../lib/study/running.ts";
import { followStudy } from "../../../scripts/cli/follow_study.ts";
import { createProgress } from "../../../scripts/cli/progress.ts";
import { sweepStudy } from "../../report/fixture.ts";

/** What a study of these notes prints, and what it says of the work. */
async function followed(study: Study, early: readonly string[]) {
  const { title, metric, maxDrop } = study;
  const running = new Running<Exclude<StudyEvent, { kind: "step" }>, Study>(async function* () {
    yield { ...{ kind: "begin", title, metric, maxDrop }, reused: 0, notes: [...early] };
    yield await Promise.resolve({ kind: "end", study });
    return study;
  });
  let [answer, said] = ["", ""];
  const print = (text: string) => Promise.resolve(void (answer += text));
  const progress = createProgress({ live: false, write: (text) => void (said += text) });
  await followStudy(running, "studies/a", { print, progress }, false);
  return { answer, said };
}

Deno.test("followStudy() says a note once: before the work, or in the answer", async () => {
  const study = { ...sweepStudy(), notes: ["Early it was.", "Late it was."] };
  const { answer, said } = await followed(study, ["Early it was."]);
  assert.match(said, /Early it was\./);
  assert.doesNotMatch(said, /Late it was\./);
  assert.match(answer, /Late it was\./);
  assert.doesNotMatch(answer, /Early it was\./);
});

Deno.test("followStudy() says that a study can go on which was stopped", async () => {
  const study = sweepStudy();
  const ending = /Report: studies\/a\/report\.html\n(.*\n)?The same command continues where it was/;
  assert.match((await followed({ ...study, planned: study.trials.length + 1 }, [])).answer, ending);
  assert.doesNotMatch(
    (await followed({ ...study, planned: study.trials.length }, [])).answer,
    /The same command/,
  );
});
