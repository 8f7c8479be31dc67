import assert from "node:assert/strict";
import { pageHtml, pageMarkdown } from "../../lib/report/page.ts";
import { studyPage } from "../../lib/report/study_sections.ts";
import { writeReport } from "../../lib/report/write_report.ts";
import type { Study } from "../../lib/record/study_record.ts";
import { study as studySchema } from "../../lib/record/study_schema.ts";
import { around, planOf, relativeStudy, studyOf, sweepStudy } from "./fixture.ts";

const reportHtml = (study: Study) => pageHtml(studyPage(study));
const reportMarkdown = (study: Study) => pageMarkdown(studyPage(study));

const hostile = `</script><script>alert(1)</script> | <img src=x onerror=alert(2)> "'&`;

/** The words of a page or a Markdown text, without its styles and script. */
function contentOf(text: string): string {
  return text.replace(/<(style|script)>[^]*?<\/\1>/g, "");
}

/** Fails, and shows only the place, where a value was printed that nobody meant to print. */
function requireNoSlips(text: string): void {
  assert.equal(
    contentOf(text).match(/.{0,60}(NaN|undefined|Infinity|\[object).{0,60}/)?.[0],
    undefined,
  );
}

Deno.test("the fixtures are studies", () => {
  for (const study of [sweepStudy(), relativeStudy(), studyOf([])]) studySchema.parse(study);
});

Deno.test("the page of a study needs no other file and no network", () => {
  const html = reportHtml(sweepStudy());
  assert.equal(html.match(/<link|<img|src=|@import|url\(/), null);
  assert.equal(html.replaceAll("http://www.w3.org/2000/svg", "").match(/https?:/), null);
  requireNoSlips(html);
});

Deno.test("the page of a study has every section, complete without its script", () => {
  const html = reportHtml(sweepStudy());
  const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, text]) => text);
  assert.deepEqual(headings, [
    "Use it",
    "Accuracy against latency",
    "What each configuration costs",
    "Size of the file",
    "Trials",
    "Plan of the winner",
    "Failed trials",
    "How to reproduce",
    "How to read this",
  ]);
  const still = contentOf(html);
  assert.ok(still.includes("deno task sweep --out octavo-out"));
  assert.ok(still.includes("QLinearConv"));
  assert.ok(still.includes("was replaced; try fewer samples"));
  assert.equal(still.match(/aria-sort="ascending"/g)?.length, 1);
  for (const { name } of sweepStudy().trials) {
    assert.ok(still.includes(name.replaceAll("<", "&lt;").replaceAll(">", "&gt;")), name);
  }
});

Deno.test("the page of a study opens no element that a name asked for", () => {
  const study = studyOf([
    { name: hostile, family: hostile, plan: planOf(1).map((row) => ({ ...row, why: hostile })) },
    { name: `${hostile} 2`, family: "static", error: hostile },
  ], { title: hostile });
  study.winner = { key: study.trials[0]!.key, reason: hostile };
  study.provenance.command = hostile;
  study.provenance.config = { [hostile]: hostile };
  study.model.name = hostile;
  study.data.name = hostile;
  const html = reportHtml(study);
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.equal(html.match(/<\/script/g)?.length, 1);
  assert.ok(!html.includes("<img"));
  const markdown = reportMarkdown(study);
  // In a fence, and there alone, it may stand as it is.
  const unfenced = markdown.replace(/^(`{3,}).*?^\1$/gms, "");
  assert.equal(unfenced.match(/<script|<img/), null);
});

Deno.test("the page of a study folds a long plan by module, and leaves a short one open", () => {
  const of = (blocks: number) => {
    const study = studyOf([{ name: "a", family: "static", ratio: 0.5, plan: planOf(blocks) }]);
    study.winner = { key: study.trials[0]!.key, reason: "Because." };
    return study;
  };
  const plan = (html: string) => html.slice(html.indexOf("Plan of the winner"));
  assert.doesNotMatch(plan(reportHtml(of(2))), /<summary><code>/);
  assert.match(
    plan(reportHtml(of(20))),
    /<summary><code>trunk\.layer1<\/code> <span>14 nodes, asked to be 12 static, 2 float32<\/span>/,
  );
  assert.match(reportMarkdown(of(20)), /<details>\n<summary><code>trunk\.layer1<\/code> 14 nodes/);
});

Deno.test("the Markdown of a study has a table with the same cells in every line", () => {
  const text = reportMarkdown(sweepStudy());
  const tables = text.split("\n\n").filter((block) => block.startsWith("| "));
  assert.ok(tables.length >= 4);
  for (const table of tables) {
    const cells = table.trimEnd().split("\n").map((line) =>
      line.replaceAll("\\|", "").split("|").length
    );
    assert.equal(new Set(cells).size, 1, table.slice(0, 200));
  }
  assert.ok(text.includes("![Accuracy against latency](charts/accuracy-latency.png)"));
});

Deno.test("both reports hold for studies with little in them", () => {
  const few = [
    studyOf([]),
    studyOf([{ name: "a", family: "static", error: "boom" }]),
    studyOf([{ name: "a", family: "static" }]),
    relativeStudy(),
  ];
  for (const study of few) {
    requireNoSlips(reportHtml(study));
    requireNoSlips(reportMarkdown(study));
  }
  assert.ok(!reportHtml(few[0]!).includes("<figure"));
  assert.ok(!reportMarkdown(few[1]!).includes("charts/"));
});

Deno.test("both reports are the same whichever worker finished first", () => {
  const study = sweepStudy();
  const turned = structuredClone({ ...study, trials: study.trials.toReversed() });
  assert.equal(reportHtml(turned), reportHtml(study));
  assert.equal(reportMarkdown(turned), reportMarkdown(study));
});

Deno.test("writeReport() writes page, Markdown and charts, twice the same bytes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const study = studyOf([
      { name: "a", family: "static", difference: -0.2, ratio: 0.45 },
      { name: "b", family: "dynamic", ratio: 0.98 },
    ]);
    const written = await writeReport(study, `${folder}/new`);
    assert.deepEqual(written.map((path) => path.slice(folder.length)), [
      "/new/report.html",
      "/new/report.md",
      "/new/charts/accuracy-latency.svg",
      "/new/charts/accuracy-latency.png",
      "/new/charts/difference.svg",
      "/new/charts/difference.png",
      "/new/charts/size.svg",
      "/new/charts/size.png",
    ]);
    const first = await Promise.all(written.map((path) => Deno.readFile(path)));
    await writeReport(study, `${folder}/new`);
    const second = await Promise.all(written.map((path) => Deno.readFile(path)));
    assert.deepEqual(second, first);
    const left = [
      ...Deno.readDirSync(`${folder}/new`),
      ...Deno.readDirSync(`${folder}/new/charts`),
    ];
    assert.ok(left.every(({ name }) => !name.endsWith(".tmp")));

    for (const [i, path] of written.entries()) {
      if (!path.endsWith(".png")) continue;
      const png = first[i]!;
      assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
      // IHDR: width and height stand at bytes 16 and 20; the PNG is twice the SVG's size.
      const size = new DataView(png.buffer);
      const svg = new TextDecoder().decode(first[i - 1]);
      const [, width, height] = svg.match(/<svg [^>]*width="(\d+)" height="(\d+)"/)!;
      assert.deepEqual([size.getUint32(16), size.getUint32(20)], [2 * +width!, 2 * +height!]);
      assert.ok(png.length > 5_000, "no empty picture");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the page of a study is dark where the reader's is, its charts too, but white on paper", () => {
  const html = pageHtml(studyPage(sweepStudy()));
  assert.match(html, /color-scheme: light dark/);
  // The sheet of the charts is there once, and every colour that it speaks of is one of theirs.
  assert.equal(html.match(/svg \[fill="#1f2328"\]/g)?.length, 1);
  for (const [, colour] of html.matchAll(/svg \[fill="(#\w+)"\]/g)) {
    assert.ok(html.includes(`="${colour}"`), colour);
  }
  assert.ok([...html.matchAll(/@media[^{]*dark[^{]*/g)].every(([rule]) => rule.includes("screen")));
});

Deno.test("wide tables of a page are cards on a phone: each cell has its head with it", () => {
  const html = pageHtml(studyPage(sweepStudy()));
  const trials = html.match(/<table class="sortable cards">[^]*?<\/table>/)![0];
  const row = trials.match(/<tr class="winner"[^]*?<\/tr>/)![0];
  const heads = [...row.matchAll(/data-h="([^"]*)"/g)].map(([, head]) => head);
  assert.deepEqual(heads, [
    ...[
      "#",
      "configuration",
      "family",
      "top-1, %",
      "difference, points",
      "SQNR over all values, dB",
    ],
    ...["latency ratio", "size", "remarks"],
  ]);
});

/** The file that a study is of, where it is int8 already. */
const GIVEN = {
  ...{ form: "int8" as const, layers: "12 layers static" },
  about: [
    "lipnet.onnx is int8 already (12 layers static): it is read.",
    "All is compared with it.",
  ],
};

Deno.test("the report of an int8 file says in its head what that was, and calls it so everywhere", () => {
  const notes = [...GIVEN.about, "400 samples are few."];
  for (const study of [sweepStudy(), relativeStudy()]) {
    const trials = study.trials.filter(({ family }) => family !== "float32");
    const own = { ...study, trials, notes, given: GIVEN };
    studySchema.parse(own);
    const html = contentOf(reportHtml(own));
    assert.match(html, /study of lipnet\.onnx \(int8 already: 12 layers static\) on visemes/);
    assert.deepEqual(
      [...html.matchAll(/<li>(.*?)<\/li>/g)].slice(0, 2).map(([, li]) => li),
      GIVEN.about,
    );
    assert.equal(html.match(/All is compared with it\./g)!.length, 1);
    // Behind that are forms of layers, and words that the glossary explains.
    const head = html.slice(0, html.indexOf("<h2>Plan of the winner"));
    const left = head.replaceAll(/<pre>[^]*?<\/pre>/g, "").match(/.{0,50}float32.{0,50}/g);
    assert.deepEqual(left, null);
  }
});

Deno.test("the report of an int8 file beside float32 tells both apart, and how close the file is", () => {
  const reference = { name: "original.onnx", hash: "", bytes: 9_000_000 };
  const { baseline, ...study } = studyOf([{ name: "float32", family: "float32", ratio: 0.7 }]);
  const selection = {
    ...{
      split: "selection" as const,
      value: around(93.1, 2, 500),
      difference: around(-1.5, 0.8, 500),
    },
  };
  const given = {
    ...GIVEN,
    ...{ reference, accuracy: { selection }, outputs: { sqnr: 25.5, cosine: 0.99 } },
  };
  const own = { ...study, baseline, given, winner: { key: study.trials[0]!.key, reason: "." } };
  studySchema.parse(own);
  const markdown = reportMarkdown(own);
  assert.match(markdown, /\*\*The file in float32 operators \(float32\) runs at ×0\.70/);
  assert.match(markdown, /\| the file as given \| int8 \| 93\.1 .* −1\.50 .* 25\.5 /);
  assert.match(markdown, /\| \*\*float32\*\* \| \*\*float32\*\* \| \*\*94\.6 /);
  assert.match(markdown, /It is not the float32 network that the file was made from/);
  assert.match(markdown, /accuracy against the float32 network original\.onnx/);
});
