#!/usr/bin/env bash
# @huggingface/tokenizers 0.2.0 (JavaScript, what Transformers.js uses), tokenizers 0.23.3 (Rust, from Python).
#
# Both read the same tokenizer.json; one would expect the same tokens. With `Whitespace` as the pre-tokenizer, which
# much of what is trained from scratch has, JavaScript cuts words at accents: "naïve" is "na", "ï", "ve", and "мир!"
# is one piece, mark and all, as \w of its regular expressions means ASCII alone. `Punctuation` does not cut between
# two marks in a row. With BertNormalizer a capital Sigma at the end of a word becomes ς in JavaScript and σ in
# Rust. Text in plain English shows next to nothing of this.
#
# Why it matters: a network that was trained in Python gets other tokens in the page, with no error, and accuracy that
# was measured on English hides it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tokenizers==0.23.3
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/tokenizers@0.2.0
venv/bin/python - <<'PYTHON'
import json
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

cases = {
    "Whitespace": (None, pre_tokenizers.Whitespace(), ["well done", "naïve café", "мир!"]),
    "Punctuation": (None, pre_tokenizers.Punctuation(), ["so?", "so?!"]),
    "BertNormalizer": (normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), ["YES", "ΝΑΙ ΩΣ"]),
}
told = []
for name, (normalizer, cut, texts) in cases.items():
    pieces = lambda text: [piece for piece, _ in cut.pre_tokenize_str(normalizer.normalize_str(text) if normalizer else text)]
    vocabulary = {"?": 0} | {piece: i + 1 for i, piece in enumerate(sorted({p for text in texts for p in pieces(text)} - {"?"}))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    tokenizer.pre_tokenizer = cut
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.save(f"{name}.json")
    told += [{"name": name, "text": text, "rust": tokenizer.encode(text).tokens} for text in texts]
json.dump(told, open("told.json", "w"))
PYTHON
cat > main.mjs <<'NODE'
import assert from "node:assert/strict";
import fs from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
const read = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
console.log("expected: both alike");
const others = [];
for (const { name, text, rust } of read("told.json")) {
  const { tokens } = new Tokenizer(read(`${name}.json`), {}).encode(text);
  const isSame = JSON.stringify(tokens) === JSON.stringify(rust);
  if (!isSame) others.push(text);
  console.log(`${name}, "${text}": Rust ${rust.join(" | ")}; JavaScript ${isSame ? "the same" : tokens.join(" | ")}`);
}
assert.deepEqual(others, ["naïve café", "мир!", "so?!", "ΝΑΙ ΩΣ"], "this has changed");
NODE
node main.mjs
