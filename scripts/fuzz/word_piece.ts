/**
 * A tokenizer of words and pieces of them as a `tokenizer.json`: lower case, `[CLS] a [SEP] b [SEP]`.
 *
 * @param words Its tokens behind those of its own, which are 0 to 3: padding, what is unknown, the beginning,
 * the end.
 */
export function wordPieceJson(words: readonly string[]) {
  const tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ...words];
  return {
    truncation: null as { max_length: number } | null,
    padding: { direction: "Right", pad_id: 0, pad_token: "[PAD]" },
    added_tokens: tokens.slice(0, 4).map((content, id) => ({ id, content, special: true })),
    normalizer: { type: "BertNormalizer", lowercase: true, clean_text: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  };
}
