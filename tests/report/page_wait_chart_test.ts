import assert from "node:assert/strict";
import { chartSvg } from "../../lib/report/chart.ts";
import { chartsOf } from "../../lib/report/charts.ts";
import { isPageWaitKnown, pageWaitChart } from "../../lib/report/page_wait_chart.ts";
import { pageHtml, pageMarkdown } from "../../lib/report/page.ts";
import { studyPage } from "../../lib/report/study_sections.ts";
import { trialRows, trialTableText } from "../../lib/report/trial_table.ts";
import type { Study } from "../../lib/record/study_record.ts";
import { sweepStudy } from "./fixture.ts";
import { requireWellFormed } from "./xml.ts";

/** 5 MB and 2 MB after brotli, 100 and 210 ms to create a session, 40 and 20 ms for the first result. */
function startedStudy(): Study {
  const study = sweepStudy();
  const winner = study.trials.find(({ key }) => key === study.winner!.key)!;
  const compared = (baseline: number, candidate: number) => {
    const value = candidate / baseline;
    return { baseline, candidate, ratio: { value, low: value * 0.98, high: value * 1.02, n: 6 } };
  };
  study.model.download = { gzip: 5_100_000, brotli: 5_000_000 };
  winner.download = { gzip: 2_050_000, brotli: 2_000_000 };
  winner.coldStart = {
    ...{ rounds: 6, clock: "thread" },
    ...{ create: compared(100, 210), first: compared(40, 20), heap: compared(2 ** 24, 2 ** 24) },
  };
  return study;
}

Deno.test("pageWaitChart() adds download, session and first result up, in float32 and in the winner", () => {
  for (const width of [960, 354]) {
    const chart = pageWaitChart(startedStudy(), { width });
    const text = chartSvg(chart, { label: "waits" }).text;
    requireWellFormed(text);
    // 8 bits of 5 MB at 20 Mbit/s are 2 s, of 2 MB 0.8 s.
    if (width === 960) {
      assert.match(text, />2,000 \+ 100 \+ 40 = 2,140 ms\u2003×1\.00</);
      assert.match(text, />800 \+ 210 \+ 20 = 1,030 ms\u2003×0\.48</);
    }
    assert.match(text, /2,140 ms\u2003×1\.00</);
    assert.deepEqual(chart.key.map(({ label }) => label), [
      ...["download at 20 Mbit/s", "create the session", "first result"],
    ]);
    for (const { colour } of chart.key) {
      const bars = [
        ...text.matchAll(new RegExp(`<g [^>]*fill="${colour}"|<rect[^>]*fill="${colour}"`, "g")),
      ];
      assert.ok(bars.length >= 1, `${colour} is in the drawing`);
    }
    assert.match(chart.note, /The runtime comes on top .* 14\.2 MB, 2\.83 MB after brotli/);
  }
});

Deno.test("the report says what a page waits for where it was measured, and else nothing of it", () => {
  const study = startedStudy();
  const markdown = pageMarkdown(studyPage(study));
  assert.match(
    markdown,
    /## What a page waits for\n[^#]*On a page: 2\.00 MB to download after brotli/,
  );
  assert.match(markdown, /210 ms to create the session \(×2\.10 /);
  assert.match(markdown, /\*\*create, create ratio\*\*/);
  assert.match(pageHtml(studyPage(study)), /; 2\.00 MB after brotli/);
  const plain = sweepStudy();
  assert.ok(!isPageWaitKnown(plain));
  assert.ok(chartsOf(plain).every(({ file }) => file !== "page-wait"));
  assert.doesNotMatch(pageMarkdown(studyPage(plain)), /What a page waits|create ratio/);
});

Deno.test("the trial table has the time to create a session, and remarks where it is above the limit", () => {
  const study = { ...startedStudy(), maxCreate: 2 };
  assert.match(trialTableText(study), /create ratio +remarks\n/);
  const winner = trialRows(study).find(({ kind }) => kind === "winner")!;
  assert.deepEqual(winner.remarks, ["winner", "slow to create"]);
  assert.equal(winner.create?.value, 2.1);
});
