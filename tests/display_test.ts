import assert from "node:assert/strict";
import { JUPYTER_DISPLAY, table } from "../lib/display.ts";

Deno.test("table() escapes what means something in HTML", () => {
  const { html } = table([{ "a<b": `<script>"&'` }]);
  assert.equal(
    html,
    '<table><thead><tr><th style="text-align:left">a&#60;b</th></tr></thead>' +
      '<tbody><tr><td style="text-align:left">&#60;script&#62;&#34;&#38;&#39;</td></tr></tbody></table>',
  );
});

Deno.test("table() takes columns from all rows and leaves what is missing empty", () => {
  const { text } = table([{ a: 1 }, { b: "x", a: null }]);
  assert.equal(text, "a  b\n-  -\n1\n   x");
});

Deno.test("table() shows the columns asked for, in that order", () => {
  assert.equal(table([{ a: 1, b: 2, c: 3 }], ["c", "a"]).text, "c  a\n-  -\n3  1");
});

Deno.test("table() without rows shows its headings", () => {
  assert.equal(table([], ["a"]).text, "a\n-");
  assert.equal(table([]).text, "\n");
});

Deno.test("a table gives a notebook both forms", () => {
  const shown = table([{ a: 1 }]);
  assert.deepEqual(shown[JUPYTER_DISPLAY](), {
    "text/html": shown.html,
    "text/plain": shown.text,
  });
  assert.equal(`${shown}`, shown.text);
});
