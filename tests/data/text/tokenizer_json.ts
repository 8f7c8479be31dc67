/** Words and pieces of words of the tokenizer below, by their ids. */
const VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "int", "##8", "is", "fast", "small", "not"];

/** A WordPiece tokenizer of ten tokens as a `tokenizer.json`: `[CLS] a [SEP] b [SEP]`, lower case. */
export const TOKENIZER_JSON = {
  truncation: null as { max_length: number } | null,
  padding: { direction: "Right", pad_id: 0, pad_token: "[PAD]" },
  added_tokens: [0, 1, 2, 3].map((id) => ({ id, content: VOCAB[id]!, special: true })),
  normalizer: { type: "BertNormalizer", lowercase: true, clean_text: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "BertProcessing",
    cls: ["[CLS]", 2],
    sep: ["[SEP]", 3],
  },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    vocab: Object.fromEntries(VOCAB.map((token, id) => [token, id])),
  },
};
