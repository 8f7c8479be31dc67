import assert from "node:assert/strict";
import { table } from "../lib/display.ts";
import { visible, visibleLines } from "../lib/visible.ts";

Deno.test("visible() writes out what a terminal would obey, and leaves letters alone", () => {
  assert.equal(visible("\x1b[7mred\x1b[0m\r\x07\x00"), "\\x1b[7mred\\x1b[0m\\r\\x07\\x00");
  assert.equal(visible("a\nb\tc\x7f\x9b\u202e"), "a\\nb\\tc\\u007f\\u009b\\u202e");
  assert.equal(visible("日本 é 🙂 \\x1b"), "日本 é 🙂 \\x1b");
});

Deno.test("visibleLines() keeps the lines of a text, and JSON what it says", () => {
  assert.equal(visibleLines("a\x1b\nb"), "a\\x1b\nb");
  const value = { name: "\x1b\x7f\x9b\u202e\n" };
  assert.deepEqual(JSON.parse(visibleLines(JSON.stringify(value, null, 2))), value);
});

Deno.test("table() shows control characters written out, in line with the other rows", () => {
  const { text, html } = table([{ node: "a\nb\x1b[1m", n: 1 }, { node: "c", n: 2 }]);
  assert.equal(text, "node         n\n-----------  -\na\\nb\\x1b[1m  1\nc            2");
  assert.match(html, /a\\nb\\x1b\[1m/);
});
