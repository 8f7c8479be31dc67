import assert from "node:assert/strict";
import { Resvg } from "@resvg/resvg-wasm";
import { pngOf } from "../../lib/report/png.ts";
import { ellipsis, textWidth, wrapText } from "../../lib/report/text_width.ts";

Deno.test("textWidth() is at least the width of the text in Inter, and not much more", async () => {
  await pngOf('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'); // loads resvg, once for all
  const inter = await Deno.readFile(
    new URL(import.meta.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf")),
  );
  const texts = [
    "static · percentile 99.99 · per-channel · CNN + GRU/Linear",
    "−0.30 [−0.74, +0.14]",
    "×0.45 [0.44, 0.46] 7.62 MB",
    "MMMMWWWW@@@@%%%%",
    "iiiillll....::::",
    "Größe Δσ ≥ 0.5 → ↑ better",
  ];
  for (const text of texts) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="200">` +
      `<text y="120" font-family="Inter" font-size="100">${text}</text></svg>`;
    const { width } = new Resvg(svg, { font: { fontBuffers: [inter] } }).innerBBox()!;
    const guess = textWidth(text, 100);
    assert.ok(guess >= width && guess < 1.35 * width, `"${text}": ${guess} for ${width}`);
  }
});

Deno.test("ellipsis() shortens to a width, and leaves what fits", () => {
  assert.equal(ellipsis("short", 12, 100), "short");
  const cut = ellipsis("a name that is too long for its place", 12, 100);
  assert.ok(cut.endsWith("…") && textWidth(cut, 12) <= 100, cut);
  assert.ok(!/\s…$/.test(cut));
});

Deno.test("wrapText() breaks at spaces and keeps every word", () => {
  const text = "one two three four five six seven eight";
  const lines = wrapText(text, 12, 90);
  assert.ok(lines.length > 1 && lines.every((line) => textWidth(line, 12) <= 90));
  assert.equal(lines.join(" "), text);
  assert.deepEqual(wrapText("", 12, 90), []);
  assert.deepEqual(wrapText("unbreakably-long-word-here", 12, 20), ["unbreakably-long-word-here"]);
});
