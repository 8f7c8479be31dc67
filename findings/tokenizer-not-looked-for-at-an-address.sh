#!/usr/bin/env bash
# @huggingface/transformers 4.3.2, its build for pages (dist/transformers.min.js, in Node 20).
#
# `env.localModelPath` says where a page's own models lie. As an address (`http://…/models/`) it serves: the config is
# fetched from there, and so are the weights. The tokenizer is not: before it is loaded the package asks whether
# `tokenizer_config.json` exists, and that question leaves local files out wherever their path is an address. One
# would expect the file to be fetched, or an error that says which one is missing; it is "Cannot read properties of
# undefined (reading 'tokenizer_class')", and of a pipeline, once it is called, "this.tokenizer is not a function". The
# same folder as a path (`/models/`) loads.
#
# Why it matters: a page that serves its models itself, from another host or below a folder, names them by an address.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm pack --silent @huggingface/transformers@4.3.2 > /dev/null
tar -xzf huggingface-transformers-4.3.2.tgz
mv package/dist/transformers.min.js transformers.mjs
cat > main.mjs <<'NODE'
import assert from "node:assert/strict";
import http from "node:http";
import { AutoConfig, AutoTokenizer, env } from "./transformers.mjs";

const files = {
  "/models/tiny/config.json": { model_type: "bert" },
  "/models/tiny/tokenizer_config.json": { tokenizer_class: "BertTokenizer" },
  "/models/tiny/tokenizer.json": {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    model: { type: "WordPiece", unk_token: "?", vocab: { "?": 0, one: 1, two: 2 } },
  },
};
const asked = [];
const server = http.createServer(({ url }, response) => {
  asked.push(url);
  response.writeHead(url in files ? 200 : 404).end(JSON.stringify(files[url]));
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
Object.assign(env, {
  allowRemoteModels: false,
  allowLocalModels: true,
  useBrowserCache: false,
  localModelPath: `http://127.0.0.1:${server.address().port}/models/`,
});
const { model_type: type } = await AutoConfig.from_pretrained("tiny");
assert.equal(type, "bert");
const found = await AutoTokenizer.from_pretrained("tiny").catch((error) => error.message);
server.close();
console.log(`expected: a tokenizer, from the address that the config came from; asked for: ${asked.join(", ")}`);
console.log(`got: ${found}`);
assert.deepEqual(asked, ["/models/tiny/config.json"], "this has changed");
assert.match(String(found), /reading 'tokenizer_class'/, "this has changed");
NODE
node main.mjs
