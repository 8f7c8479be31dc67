import assert from "node:assert/strict";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { float32 as floating, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { DESTROYED, findDamage, MENDED } from "../../lib/task/find_damage.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";
import { normal } from "../random.ts";
import { pacedRuntime } from "./tiny.ts";

/** Powers over eight decades, of which a Log shows the small ones behind a product with the identity. */
const network = modelOf(
  `input x float32[1, 16]; output y float32[1, 16]
   tensor tiny float32[] = [0.00000001]
   p = Mul(x, x) @ power; m = MatMul(p, u) @ mel; t = Add(m, tiny) @ offset
   l = Log(t) @ log; y = MatMul(l, w) @ last`,
  {
    w: [16, 16],
    u: float32([16, 16], Array.from({ length: 256 }, (_, i) => i % 17 ? 0 : 1)),
  },
);
const samples = Array.from({ length: 4 }, (_, sample) => ({
  x: float32([1, 16], Array.from(normal(16, 90 + sample), (x, i) => x * 10 ** (-i / 4))),
}));
// What a Log is made from stays float32, but not where a rule names it.
const mapping = qconfigMapping({ default: staticInt8(), rules: [["mel", staticInt8()]] });

Deno.test("findDamage() names the node behind which the error shows, and the rule that mends it", async () => {
  const calibration = await calibrate(prepare(network, mapping), samples);
  const int8 = convert(network, mapping, calibration);
  const runtime = pacedRuntime();
  const damaged = { int8, float32: network, mapping, calibration };
  const damage = await findDamage(damaged, samples, { runtime });
  assert.equal(damage!.node, "log");
  assert.ok(damage!.before! > 20 && damage!.after < 10, JSON.stringify(damage));
  assert.deepEqual(damage!.rules, ["mel"]);
  assert.ok(damage!.mended > 20);
});

/** What is found where two int8 layers give nearly the same, and their difference is asked for. */
async function damageOfDifference(more = "", rules: readonly string[] = []) {
  const difference = modelOf(
    `input x float32[1, 16]; input z float32[1, 16]; input o float32[1, 16]; output y float32[1, 16]
     a = MatMul(x, u) @ one; b = MatMul(z, u) @ two; y = Sub(a, b) @ last${more}`,
    // What is largest in the inputs counts for nothing, and takes up the range of the rest.
    { u: float32([16, 16], Array.from({ length: 256 }, (_, i) => i > 0 && i % 17 === 0 ? 1 : 0)) },
  );
  const feeds = Array.from({ length: 4 }, (_, sample) => {
    const small = normal(15, 90 + sample);
    const beside = (largest: number, times: number) =>
      float32([1, 16], [largest, ...small.map((x) => times * x)]);
    return { x: beside(100, 1), z: beside(100, 1.03), o: beside(150, 1) };
  });
  const mapping = qconfigMapping({
    default: floating,
    rules: ["one", "two", ...rules].map((name): Rule => [name, staticInt8()]),
  });
  const calibration = await calibrate(prepare(difference, mapping), feeds);
  const int8 = convert(difference, mapping, calibration);
  const damaged = { int8, float32: difference, mapping, calibration };
  return (await findDamage(damaged, feeds, { runtime: pacedRuntime() }))!;
}

Deno.test("findDamage() looks back on all ways to the largest error where one of them is not enough", async () => {
  const { node, rules, mended } = await damageOfDifference();
  assert.match(node, /^(one|two)$/);
  assert.deepEqual([...rules].sort(), ["one", "two"]);
  assert.ok(mended >= MENDED, `${mended}`);
});

Deno.test("findDamage() gives the rules that help most where none of them mends", async () => {
  const more = "; other = MatMul(o, u) @ other; output other float32[1, 16]";
  const { rules, mended } = await damageOfDifference(more, ["other"]);
  assert.deepEqual([...rules].sort(), ["one", "two"]);
  assert.ok(mended >= DESTROYED && mended < MENDED, `${mended}`);
});

Deno.test("findDamage() finds none in a network that int8 does not hurt", async () => {
  const plain = modelOf(
    `input x float32[1, 16]; output y float32[1, 16]
     a = MatMul(x, v) @ first; r = Relu(a) @ relu; y = MatMul(r, w) @ last`,
    { v: [16, 16], w: [16, 16] },
  );
  const mapping = qconfigMapping({ default: staticInt8() });
  const calibration = await calibrate(prepare(plain, mapping), samples);
  const int8 = convert(plain, mapping, calibration);
  const damaged = { int8, float32: plain, mapping, calibration };
  assert.equal(await findDamage(damaged, samples, { runtime: pacedRuntime() }), undefined);
});

Deno.test("findDamage() promises nothing where no output has a value to compare", async () => {
  const empty = modelOf(
    `input x float32[1, 16]; output y float32[1, 0]
     tensor tiny float32[] = [0.00000001]
     tensor zero int64[1] = [0]; tensor one int64[1] = [1]
     p = Mul(x, x) @ power; m = MatMul(p, u) @ mel; t = Add(m, tiny) @ offset
     l = Log(t) @ log; y = Slice(l, zero, zero, one) @ none`,
    { u: float32([16, 16], Array.from({ length: 256 }, (_, i) => i % 17 ? 0 : 1)) },
  );
  const calibration = await calibrate(prepare(empty, mapping), samples);
  const int8 = convert(empty, mapping, calibration);
  const damaged = { int8, float32: empty, mapping, calibration };
  const damage = await findDamage(damaged, samples, { runtime: pacedRuntime() });
  assert.equal(damage!.node, "log");
  assert.deepEqual([damage!.rules, damage!.mended], [[], -Infinity]);
});

Deno.test("findDamage() ends every run that it has begun", async () => {
  const runtime = pacedRuntime();
  let open = 0;
  const counted: typeof runtime = {
    ...runtime,
    async *run(...args) {
      open++;
      try {
        yield* runtime.run(...args);
      } finally {
        open--;
      }
    },
  };
  const calibration = await calibrate(prepare(network, mapping), samples);
  const damaged = {
    int8: convert(network, mapping, calibration),
    ...{ float32: network, mapping, calibration },
  };
  assert.ok(await findDamage(damaged, samples, { runtime: counted }));
  assert.equal(open, 0);
});
