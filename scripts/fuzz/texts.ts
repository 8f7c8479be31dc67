import { textsIn } from "../../lib/data/text/read_texts.ts";
import { tokenizerOf } from "../../lib/data/text/tokenizer.ts";
import { jsonIn } from "../../lib/data/text/tokenizer_files.ts";
import { mutateWritten } from "./mutate_text.ts";
import type { Target } from "./target.ts";
import { wordPieceJson } from "./word_piece.ts";

const TOKENIZER = {
  ...wordPieceJson(["int", "##8", "is", "small"]),
  truncation: { max_length: 8 },
};

const tokenizers: Target = {
  name: "tokenizers",
  seeds: () => Promise.resolve([new TextEncoder().encode(JSON.stringify(TOKENIZER))]),
  mutate: mutateWritten,
  async read(bytes, outside) {
    const name = "mutant.json";
    const rules = jsonIn(new TextDecoder().decode(bytes), name);
    await outside("@huggingface/tokenizers", () => {
      const tokenizer = tokenizerOf({ name, rules, config: {} });
      tokenizer.encode({ text: "Int8 is small, is it?", pair: "int" }, tokenizer.maxLength ?? 8);
      return Promise.resolve();
    });
  },
};

const LINES = [
  { text: "int8 is small", text_pair: "is it", label: 0 },
  { text: "is", label: "calm" },
];

const lines: Target = {
  name: "texts",
  seeds: () =>
    Promise.resolve([new TextEncoder().encode(LINES.map((one) => JSON.stringify(one)).join("\n"))]),
  mutate: mutateWritten,
  read: (bytes) => Promise.resolve(void textsIn(new TextDecoder().decode(bytes), "mutant.jsonl")),
};

/** Texts, and what makes tokens of them. */
export const texts: readonly Target[] = [tokenizers, lines];
