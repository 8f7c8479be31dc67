import { textsIn } from "../../lib/data/text/read_texts.ts";
import { tokenizerOf } from "../../lib/data/text/tokenizer.ts";
import { jsonIn } from "../../lib/data/text/tokenizer_files.ts";
import { mutateWritten } from "./mutate_text.ts";
import type { Target } from "./target.ts";

const TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "int", "##8", "is", "small"];

const WORD_PIECE = {
  truncation: { max_length: 8 },
  padding: { direction: "Left", pad_id: 0, pad_token: "[PAD]" },
  added_tokens: TOKENS.slice(0, 4).map((content, id) => ({ id, content, special: true })),
  normalizer: { type: "BertNormalizer", lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    vocab: Object.fromEntries(TOKENS.map((token, id) => [token, id])),
  },
};

const tokenizers: Target = {
  name: "tokenizers",
  seeds: () => Promise.resolve([new TextEncoder().encode(JSON.stringify(WORD_PIECE))]),
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
