import { wordPieceJson } from "../../../scripts/fuzz/word_piece.ts";

/** A tokenizer of ten tokens, 4 to 9 for these words and pieces. */
export const TOKENIZER_JSON = wordPieceJson(["int", "##8", "is", "fast", "small", "not"]);
