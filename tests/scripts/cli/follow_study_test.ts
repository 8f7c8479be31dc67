import assert from "node:assert/strict";
import type { StudyEvent } from "../../../lib/record/event.ts";
import type { Study } from "../../../lib/record/study_record.ts";
import { Running } from "../../../lib/study/running.ts";
import { followStudy } from "../../../scripts/cli/follow_study.ts";
import { createProgress } from "../../../scripts/cli/progress.ts";
import { sweepStudy } from "../../report/fixture.ts";

/** What a study of these notes prints, and what it says of the work. */
async function followed(study: Study, early: readonly string[], why: readonly string[] = []) {
  const { title, metric, maxDrop } = study;
  const running = new Running<Exclude<StudyEvent, { kind: "step" }>, Study>(async function* () {
    yield { ...{ kind: "begin", title, metric, maxDrop }, reused: 0, notes: [...early] };
    yield await Promise.resolve({ kind: "end", study });
    return study;
  });
  let [answer, said] = ["", ""];
  const print = (text: string) => Promise.resolve(void (answer += text));
  const progress = createProgress({ live: false, write: (text) => void (said += text) });
  await followStudy(running, "studies/a", { print, progress }, false, { why });
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

Deno.test("followStudy() tells of the layers asked about what was considered, or that nothing was", async () => {
  const study = sweepStudy();
  assert.match(
    (await followed(study, [], ["conv1"])).answer,
    /\nNothing can be told of the layers/,
  );
  const forms = [
    { form: "float32", chosen: true, ms: 2, why: "chosen: fastest form within the limit" },
    { form: "static", chosen: false, ms: 1, moreMs: 0.5, dB: 40, why: "slower" },
  ];
  const decision = { node: "conv1", kernels: 1, opType: "Conv", path: "front", form: "float32" };
  const row = { ...decision, ms: 2, savesMs: 0, savesBytes: 0, why: "fastest", forms };
  const search = {
    ...{ objective: "latency" as const, minutes: 1, ended: "", notes: [], front: [] },
    decisions: [row],
  };
  const { answer } = await followed({ ...study, search }, [], ["front", "pool"]);
  assert.match(
    answer,
    /\nconv1 \(Conv, front\):\n\nform +ms {2}whole, ms +dB {2}why\n.*\nfloat32 {2}2\.00 /,
  );
  assert.match(answer, /\nstatic {3}1\.00 {2}\+0\.500 +40\.0 {2}slower\n/);
  assert.match(
    answer,
    /\n"pool" is part of another .*; layers are conv1\.\n\nms: its kernels alone/,
  );
});
