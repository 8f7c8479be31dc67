import { join } from "node:path";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { random } from "../../lib/random.ts";
import { wordPieceJson } from "../fuzz/word_piece.ts";

const TOKENIZER = wordPieceJson(["int", "##8", "is", "small", "fast", "and", "exact"]);

const WIDTH = 32;

/**
 * Writes a network of one attention and one feed-forward as `@huggingface/transformers` loads it: with its
 * tokenizer and config, weights at random.
 */
export async function writeTinyBert(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "onnx"), { recursive: true });
  await network().save(join(folder, "onnx", "model.onnx"));
  const files = {
    "config.json": { model_type: "bert", architectures: ["BertModel"] },
    "tokenizer_config.json": { tokenizer_class: "BertTokenizer", model_max_length: 512 },
    "tokenizer.json": TOKENIZER,
  };
  for (const [name, value] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, name), JSON.stringify(value));
  }
}

function network() {
  const stream = random(27);
  const weight = (name: string, ...dims: number[]) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const values = Array.from({ length: count }, () => stream.between(-0.5, 0.5).toFixed(3));
    return `tensor ${name} float32[${dims}] = [${values}]`;
  };
  const square = ["q", "k", "v", "o", "up", "down"].map((name) =>
    weight(`w_${name}`, WIDTH, WIDTH)
  );
  return parseModel(
    `
    input input_ids int64[batch, time]; input attention_mask int64[batch, time]
    input token_type_ids int64[batch, time]; output last_hidden_state float32[batch, time, ${WIDTH}]
    ${weight("table", Object.keys(TOKENIZER.model.vocab).length, WIDTH)}; ${
      weight("types", 2, WIDTH)
    }; ${square.join("; ")}
    tensor one float32[] = [1]; tensor low float32[] = [10000]; tensor half int64[1] = [1]
    e = Gather(table, input_ids); t = Gather(types, token_type_ids); x = Add(e, t)
    q = MatMul(x, w_q); k = MatMul(x, w_k); v = MatMul(x, w_v)
    m = Cast(attention_mask) {to=1}; n = Sub(m, one); l = Mul(n, low); mask = Unsqueeze(l, half)
    kt = Transpose(k) {perm=[0, 2, 1]}; s = MatMul(q, kt); a = Add(s, mask); p = Softmax(a) {axis=-1}
    c = MatMul(p, v); o = MatMul(c, w_o); y = Add(o, x)
    u = MatMul(y, w_up); r = Relu(u); d = MatMul(r, w_down); last_hidden_state = Add(d, y)`,
  );
}
