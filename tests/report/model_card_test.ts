import assert from "node:assert/strict";
import {
  type CardFile,
  comparisonMeasures,
  hashInCard,
  modelCard,
  winnerMeasures,
} from "../../lib/report/model_card.ts";
import { sweepStudy } from "./fixture.ts";

const HASH = "0123456789abcdef".repeat(4);

const FILE: CardFile = {
  ...{ name: "tiny-bert", file: "onnx/model_quantized.onnx", float32: "onnx/model.onnx" },
  ...{ hash: HASH, maker: "Octavo 1.2.3" },
  architectures: ["BertForSequenceClassification"],
  measures: { table: "| a |\n| :--- |\n| 1 |\n", notes: ["A note on [N, T]."] },
};

Deno.test("modelCard() writes a card with front matter, how to load the file, and what was measured", () => {
  const card = modelCard(undefined, FILE);
  assert.equal(
    card,
    `---
library_name: transformers.js
pipeline_tag: text-classification
tags:
  - onnx
  - int8
  - octavo
---

# tiny-bert

<!-- octavo: begin -->
## onnx/model_quantized.onnx

\`onnx/model.onnx\` for onnxruntime-web's WASM kernels, made and measured by Octavo 1.2.3. \`@huggingface/transformers\` loads it by \`dtype: "q8"\`:

\`\`\`js
import { pipeline } from "@huggingface/transformers";
const run = await pipeline("text-classification", "tiny-bert", { dtype: "q8", device: "wasm" });
\`\`\`

| a |
| :--- |
| 1 |

- A note on \\[N, T\\].

\`@huggingface/transformers\` brings a release of onnxruntime-web of its own: it gives the same numbers wherever they were compared, and its times may differ. SHA-256 \`${HASH}\`.
<!-- octavo: end -->
`,
  );
  assert.equal(hashInCard(card), HASH);
});

Deno.test("modelCard() leaves alone what else a card says, and replaces its own part", () => {
  const before = `---\nlicense: mit\n---\n# Mine\n\nSHA-256 \`${"f".repeat(64)}\`\n`;
  const first = modelCard(before, { ...FILE, maker: "Octavo 1.0.0" });
  assert.ok(first.startsWith(before));
  const again = modelCard(`${first}\nWhat came later.\n`, FILE);
  assert.equal(again, `${modelCard(before, FILE)}\nWhat came later.\n`);
  assert.equal(hashInCard(again), HASH);
  assert.equal(hashInCard(before), undefined);
  assert.match(
    modelCard("Mine, without front matter.\n", FILE),
    /^---\nlibrary_name: .*\n---\n\nMine/s,
  );
});

Deno.test("modelCard() names a pipeline where the network's class tells which, and a model elsewhere", () => {
  const of = (...architectures: string[]) => modelCard(undefined, { ...FILE, architectures });
  assert.match(of("BertModel"), /pipeline_tag: feature-extraction\n/);
  assert.match(of("GPT2LMHeadModel"), /pipeline\("text-generation", /);
  const unknown = of("Something");
  assert.match(unknown, /AutoModel\.from_pretrained\("tiny-bert", \{ dtype: "q8"/);
  assert.doesNotMatch(unknown, /pipeline/);
});

Deno.test("what a card says of measures: float32 and the winner of a study, all lines of a comparison", () => {
  const study = { ...sweepStudy(), notes: ["What was said on the way."] };
  const { headline, table, notes } = winnerMeasures(study);
  assert.doesNotMatch(notes.join("\n"), /said on the way/);
  const lines = table.trimEnd().split("\n");
  assert.equal(lines.length, 4, table);
  assert.match(lines[0]!, /^\| configuration \|.*\| latency ratio \| size \|/);
  assert.match(lines[2]!, /^\| float32 as given \|/);
  assert.match(headline!, /runs at ×/);
  assert.match(notes[0]!, /^Chosen among \d+ on samples of .*; times with 1 thread, /);
  const estimate = (value: number) => ({ value, low: value, high: value, n: 8 });
  const model = { name: "a", value: estimate(90), bytes: 4e6 };
  const compared = comparisonMeasures({
    metric: { name: "top-1", unit: "%", higherIsBetter: true, share: false },
    ...{ data: "lines.txt", float32: model, candidate: { ...model, bytes: 1e6 } },
    difference: estimate(0),
  });
  assert.match(
    compared.table,
    /\| {2}\| float32 \| this file \| change \|\n.*\n\| top-1 .*\n\| size \| 4\.00 MB \| 1\.00 MB \| ×0\.25 \|\n$/,
  );
  assert.match(compared.notes[0]!, /on 8 samples of lines\.txt/);
});
