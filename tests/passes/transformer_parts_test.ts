import assert from "node:assert/strict";
import { transformerParts } from "../../lib/passes/transformer_parts.ts";
import { graphWith } from "./transformer_fixture.ts";

/** Names of the nodes of each part: `attention 0`, `head`. */
function partsOf(text: string, constants: string): Record<string, string> {
  const found: Record<string, string[]> = {};
  for (const [{ output }, { part, layer }] of transformerParts(graphWith(text, constants))) {
    (found[layer === undefined ? part : `${part} ${layer}`] ??= []).push(output[0]!);
  }
  return Object.fromEntries(Object.entries(found).map(([part, names]) => [part, names.join(" ")]));
}

Deno.test("norms behind each branch, a mask for all: an encoder in two layers", () => {
  const layer = (x: string, n: number) => `
    q${n} = MatMul(${x}, wq); k${n} = MatMul(${x}, wk); v${n} = MatMul(${x}, wv)
    t${n} = Transpose(k${n}); s${n} = MatMul(q${n}, t${n}); m${n} = Add(s${n}, mask)
    p${n} = Softmax(m${n}); isnan${n} = IsNaN(p${n}); w${n} = Where(isnan${n}, zero, p${n})
    a${n} = MatMul(w${n}, v${n}); o${n} = MatMul(a${n}, wo); ob${n} = Add(o${n}, bias)
    r${n} = Add(ob${n}, ${x}); l${n} = LayerNormalization(r${n}, g, b)
    u${n} = MatMul(l${n}, wu); h${n} = Gelu(u${n}); d${n} = MatMul(h${n}, wd)
    f${n} = Add(d${n}, l${n}); y${n} = LayerNormalization(f${n}, g, b)`;
  assert.deepEqual(
    partsOf(
      `c = Cast(attention_mask) {to=1}; mask = Unsqueeze(c, one)
       e = Gather(table, ids); x = Add(e, positions)
       ${layer("x", 0)} ${layer("y0", 1)}
       cls = Gather(y1, zero); logits = MatMul(cls, wc)`,
      "table positions one zero wq wk wv wo bias g b wu wd wc",
    ),
    {
      embedding: "e x",
      "attention 0": "q0 k0 v0 t0 s0 m0 p0 isnan0 w0 a0 o0 ob0 r0",
      "norm 0": "l0 y0",
      "feed-forward 0": "u0 h0 d0 f0",
      "attention 1": "q1 k1 v1 t1 s1 m1 p1 isnan1 w1 a1 o1 ob1 r1",
      "norm 1": "l1 y1",
      "feed-forward 1": "u1 h1 d1 f1",
      head: "cls logits",
    },
  );
});

Deno.test("norms in parts before each branch, a past, and a gated feed-forward part: a decoder", () => {
  const norm = (x: string, n: string) =>
    `sq${n} = Pow(${x}, two); mean${n} = ReduceMean(sq${n}); eps${n} = Add(mean${n}, eps)
     root${n} = Sqrt(eps${n}); by${n} = Div(${x}, root${n}); ${n} = Mul(by${n}, gain)`;
  assert.deepEqual(
    partsOf(
      `x = Gather(table, ids)
       ${norm("x", "n")}
       q = MatMul(n, wq); k = MatMul(n, wk); v = MatMul(n, wv)
       present = Concat(past, k); t = Transpose(present); s = MatMul(q, t); p = Softmax(s)
       a = MatMul(p, v); o = MatMul(a, wo); r = Add(x, o)
       ${norm("r", "m")}
       g = MatMul(m, wg); si = Sigmoid(g); act = Mul(g, si); u = MatMul(m, wu)
       gated = Mul(act, u); d = MatMul(gated, wd); y = Add(r, d)
       ${norm("y", "last")}
       logits = MatMul(last, wl)`,
      "table two eps gain wq wk wv wo wg wu wd wl",
    ),
    {
      embedding: "x",
      "norm 0": "sqn meann epsn rootn byn n sqm meanm epsm rootm bym m",
      "attention 0": "q k v present t s p a o r",
      "feed-forward 0": "g si act u gated d y",
      norm: "sqlast meanlast epslast rootlast bylast last",
      head: "logits",
    },
  );
});

Deno.test("attention and a feed-forward part that read the same value are told apart", () => {
  assert.deepEqual(
    partsOf(
      `x = Conv(pixels, patches)
       n = RMSNormalization(x, gain)
       q = MatMul(n, wq); k = MatMul(n, wk); v = MatMul(n, wv); a = Attention(q, k, v)
       o = MatMul(a, wo); u = MatMul(n, wu); h = Gelu(u); d = MatMul(h, wd)
       both = Add(o, d); y = Add(x, both)`,
      "patches gain wq wk wv wo wu wd",
    ),
    {
      embedding: "x",
      "norm 0": "n",
      "attention 0": "q k v a o both y",
      "feed-forward 0": "u h d",
    },
  );
});

Deno.test("what attention reads from another network is its own; without attention there are no parts", () => {
  const parts = partsOf(
    `q = MatMul(x, wq); k = MatMul(encoded, wk); v = MatMul(encoded, wv)
     s = MatMul(q, k); p = Softmax(s); a = MatMul(p, v); y = Add(a, x)`,
    "wq wk wv",
  );
  assert.deepEqual(parts, { "attention 0": "q k v s p a y" });
  assert.deepEqual(partsOf("c = Conv(x, w); p = Softmax(c); y = Add(x, p)", "w"), {});
});
