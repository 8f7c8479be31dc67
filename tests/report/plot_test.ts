import assert from "node:assert/strict";
import * as Plot from "@observablehq/plot";
import { decimalsOf, drawPlot, linked, px, SHAPED } from "../../lib/report/plot.ts";
import { requireWellFormed } from "./xml.ts";

Deno.test("drawPlot() rounds to hundredths, escapes texts, and leaves no style sheet", () => {
  const points = [{ x: 1 / 3, y: -0.001, text: "0.12345 <b> & \u0000" }];
  const at = { x: px("x"), y: px("y") };
  const { text } = drawPlot({ marks: [Plot.text(points, { ...at, text: "text" })] });
  requireWellFormed(text);
  assert.ok(text.includes('transform="translate(0.33,0)"'), text);
  assert.ok(text.includes(">0.12345 &lt;b&gt; &amp; \\x00</text>"), text);
  assert.ok(!text.includes("<style"));
});

Deno.test("linked() numbers the marks of those data that have a number, filtered or not", () => {
  const rows = [1, undefined, 3, 4].map((number, x) => ({ number, x, shown: x > 0 }));
  const numbers = rows.map(({ number }) => number);
  const options = { x: px("x"), y: px("x"), filter: "shown", ...linked("row", numbers) };
  const { text } = drawPlot({ marks: [Plot.dot(rows, options)] });
  assert.deepEqual([...text.matchAll(/data-trial="(\d+)"/g)].map(([, n]) => n), ["3", "4"]);
  assert.equal(text.split("<circle").length - 1, 3);
});

Deno.test("every shape is drawn, each in its own way", () => {
  const shapes = (["circle", "square", "triangle", "diamond", "cross", "down"] as const)
    .map((shape) => ({ shape }));
  const drawn = shapes.map((shape) =>
    drawPlot({ marks: [Plot.dot([shape], { x: px([9]), y: px([9]), r: 5, ...SHAPED })] }).text
  );
  assert.equal(new Set(drawn).size, shapes.length);
  assert.ok(drawn.every((text) => text.includes('d="M')));
});

Deno.test("decimalsOf() tells ticks apart", () => {
  assert.equal(decimalsOf([0, 0.5, 1]), 1);
  assert.equal(decimalsOf([0.98, 1, 1.02]), 2);
  assert.equal(decimalsOf([100, 200]), 0);
});
