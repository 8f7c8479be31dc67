import assert from "node:assert/strict";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import { showAblation } from "../../lib/report/ablation_display.ts";
import { ablationHeadline, layerColumns, rankedLayers } from "../../lib/report/ablation_rows.ts";
import { ablationPage } from "../../lib/report/ablation_sections.ts";
import { chartsIn, pageHtml, pageMarkdown } from "../../lib/report/page.ts";
import { writeAblation } from "../../lib/report/write_report.ts";
import { ablationOf, sqnrAblation } from "./ablation_fixture.ts";

const titlesOf = (record = ablationOf()) => ablationPage(record).sections.map(({ title }) => title);

Deno.test("the page of an ablation has a section for all that was measured, and no other", () => {
  assert.deepEqual(titlesOf(), [
    "One layer int8",
    "All layers int8 but one",
    "Layers",
    "Pairs",
    "Tensors",
    "Left in float32",
    "How to reproduce",
    "How to read this",
  ]);
  const { layers } = ablationOf();
  const few = ablationOf({
    layers: layers.map(({ allBut: _, ...layer }) => layer),
    ...{ pairs: [], tensors: [], leftOut: [] },
  });
  assert.deepEqual(titlesOf(few), [
    ...["One layer int8", "Layers", "How to reproduce", "How to read this"],
  ]);
});

Deno.test("both forms of an ablation's page say how to run it again, with every hash", () => {
  const page = ablationPage(ablationOf());
  for (const text of [pageHtml(page), pageMarkdown(page)]) {
    assert.ok(text.includes("deno task ablate lipnet.onnx --data clips.npz"));
    assert.ok(text.includes("3f".repeat(32)) && text.includes("bb".repeat(32)));
    assert.match(text, /Effects come out the same to the bit on every machine\. Times belong to/);
    assert.doesNotMatch(text.replace(/<(style|script)>[^]*?<\/\1>/g, ""), /undefined|NaN|\[object/);
  }
  assert.match(pageHtml(page), /<p class="kicker">Octavo ablation of lipnet\.onnx on visemes<\/p>/);
  assert.deepEqual(chartsIn(page).map(({ file }) => file), ["only", "all-but"]);
});

Deno.test("ablationHeadline() names the layer that costs most, and what the numbers rest on", () => {
  assert.deepEqual(ablationHeadline(ablationOf()), [
    "conv2 costs most: with this layer alone in int8 the outputs have 24.6 [23.6, 25.6] dB, top-1 " +
    "−1.10 [−1.50, −0.70] points.",
    "conv2: brings 95.8 % of the error; outliers take its range; try another observer; rule: " +
    '["conv2", "float32"], which gains 14.8 dB.',
    "float32: top-1 94.0 %; all 3 layers int8: −1.50 [−1.90, −1.10] points, 21.3 [20.3, 22.3] dB.",
    "Not in the table, as it stays float32 here: 1 GRU (no int8 kernel). `quantize` stores such " +
    "weights small where it can.",
    "On 400 samples of visemes; in brackets 95 % intervals, of differences paired on the same samples.",
    "Layers were timed in onnxruntime-web 1.30.0, plain binary, 1 thread, Deno.",
    "2 effects came from an earlier run.",
  ]);
  const stopped = ablationHeadline(ablationOf({ stopped: true })).at(-1);
  assert.equal(stopped, "The ablation was stopped before everything was measured.");
});

Deno.test("an ablation by SQNR gives each effect once", () => {
  const record = sqnrAblation();
  const heads = layerColumns(record).map(({ head }) => head);
  assert.deepEqual(heads.filter((head) => /SQNR/.test(head)), [
    "only this int8: SQNR, dB",
    "all but this: SQNR, dB",
  ]);
  const all = layerColumns(ablationOf()).map(({ head }) => head);
  assert.ok(all.includes("only this int8: top-1, points"));
});

Deno.test("rankedLayers() puts what costs significantly first, then by the error of the outputs", () => {
  assert.deepEqual(rankedLayers(ablationOf()).map(({ path }) => path), ["conv2", "conv1", "fc"]);
});

Deno.test("layerColumns() writes outputs that are equal to the bit as equal, and time with a sign", () => {
  const record = ablationOf();
  const cell = (head: string, layer: number) =>
    layerColumns(record).find((column) => column.head === head)!.text(record.layers[layer]!);
  assert.equal(cell("SQNR, dB", 2), "equal");
  assert.equal(cell("ms saved", 0), "+2.50");
  assert.equal(cell("ms saved", 1), "−0.500");
  assert.equal(cell("time", 1), "×1.25");
});

Deno.test("layerColumns() says of a layer that the clock cannot time that it is too short", () => {
  const record = ablationOf();
  const cells = (float32: number, int8: number) =>
    ["ms saved", "time"].map((head) =>
      layerColumns(record).find((column) => column.head === head)!
        .text({ ...record.layers[0]!, ms: { float32, int8 } })
    );
  assert.deepEqual(cells(0.001, 0), ["too short to time", ""]);
  assert.deepEqual(cells(0.005, 0.0048), ["too short to time", ""]);
  assert.deepEqual(cells(0, 0.012), ["−0.012", ""]);
  assert.deepEqual(cells(0.05, 0.0502), ["0", "×1.00"]);
});

Deno.test("showAblation() draws in a notebook, and prints the table of layers", () => {
  const shown = showAblation(ablationOf());
  assert.match(shown[JUPYTER_DISPLAY]()["text/html"]!, /<svg[^]*<svg[^]*<table>/);
  assert.match(String(shown), /^conv2 costs most/);
});

Deno.test("writeAblation() writes record, page, Markdown and charts", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const written = await writeAblation(ablationOf(), `${folder}/new`);
    assert.deepEqual(written.map((path) => path.slice(folder.length + 5)), [
      ...["ablation.json", "report.html", "report.md"],
      ...["charts/only.svg", "charts/only.png", "charts/all-but.svg", "charts/all-but.png"],
    ]);
    const record = JSON.parse(await Deno.readTextFile(written[0]!));
    assert.deepEqual(record, ablationOf());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ablationHeadline() says that nothing costs anything where all is within noise", () => {
  const record = ablationOf();
  const layers = record.layers.slice(0, 1); // +0.10 within ±0.4 points
  const options = { ...record.provenance.options, layers: ["conv1"] };
  const lines = ablationHeadline({
    ...record,
    layers,
    provenance: { ...record.provenance, options },
  });
  assert.match(
    lines[0]!,
    /^No layer costs anything that can be seen in top-1\. conv1 brings most of the error: with/,
  );
  // Not only that layer is int8 then.
  assert.ok(lines.some((line) => line.includes("all layers of the network int8: −1.50")));
});

Deno.test("ablationHeadline() says of outputs that are all equal that int8 changes nothing", () => {
  const record = ablationOf();
  const fc = record.layers[2]!; // equal alone
  const int8 = fc.only!;
  const lines = ablationHeadline({ ...record, layers: [fc], int8 });
  assert.deepEqual(lines.slice(0, 2), [
    "int8 changes nothing that can be seen.",
    "float32: top-1 94.0 %; all 1 layer int8: 0.00 [−0.40, +0.40] points, outputs equal to those of float32.",
  ]);
  assert.equal(
    ablationHeadline({ ...record, layers: [fc] })[0],
    "No layer alone changes anything that can be seen in int8.",
  );
});

Deno.test("ablationHeadline() counts the layers that are not in the table by reason", () => {
  const inBody = "ranges in the body of an If, Loop or Scan cannot be calibrated";
  const nodes: [opType: string, why: string][] = [
    ["GRU", "no int8 GRU kernel"],
    ...[["Gemm", inBody], ["Gemm", inBody], ["MatMul", inBody]] as [string, string][],
  ];
  const leftOut = nodes.map(([opType, why], i) => ({ node: `n${i}`, opType, why }));
  const lines = ablationHeadline(ablationOf({ leftOut }));
  assert.ok(
    lines.includes(
      `Not in the table, as they stay float32 here: 2 Gemm + 1 MatMul (${inBody}), 1 GRU (no int8 ` +
        "GRU kernel). `quantize` stores such weights small where it can.",
    ),
    lines.join("\n"),
  );
  assert.doesNotMatch(ablationHeadline(ablationOf({ leftOut: [] })).join("\n"), /Not in the table/);
});

Deno.test("an ablation of an int8 file says what that was, and what effects are against", () => {
  const given = {
    ...{ form: "int8" as const, layers: "3 layers dynamic" },
    about: ["lipnet.onnx is int8 already.", "Effects are against its operators."],
  };
  const html = pageHtml(ablationPage(ablationOf({ given })));
  assert.match(html, /ablation of lipnet\.onnx \(int8 already: 3 layers dynamic\) on visemes/);
  assert.match(html, /<li>lipnet\.onnx is int8 already\.<\/li>\n<li>Effects are against/);
  assert.match(html, /<li>the file in float32 operators: top-1.94\.0.%; all 3 layers int8:/);
});
