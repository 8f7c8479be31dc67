import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type Canary,
  canaryOutput,
  checkOf,
  inputData,
  requireCanary,
  selfTest,
  sha256Hex,
} from "../../lib/ship/self_test.js";

/** A tensor as sessions give it. */
function tensor(values: readonly number[], type = "float32") {
  return { type, dims: [1, values.length], data: Float32Array.from(values) };
}

const FILE = Uint8Array.of(1, 2, 3);

/** A canary of a model that doubles: two samples, one by its values, one by a seed. */
function doubling(): Canary {
  const inputs = [
    { type: "float32", dims: [1, 2], base64: "AACAPwAAAMA=" }, // 1 and -2
    { type: "float32", dims: [1, 2], seed: 7 },
  ];
  const content = {
    canary: 1,
    model: { name: "double.onnx", bytes: 3, sha256: sha256Hex(FILE) },
    runtime: { release: "1.30.0", binary: "plain", engine: "Deno", threads: 1 },
    limits: { closeDb: 30 },
    samples: inputs.map((x) => {
      const [a, b] = inputData(x) as Float32Array;
      return { inputs: { x }, outputs: { y: canaryOutput(tensor([2 * a!, 2 * b!])) } };
    }),
  } as const;
  return { ...content, check: checkOf(content) };
}

/** A session of a model with one input x and one output y. */
function sessionOf(make: (x: readonly number[]) => object, names = { x: "x", y: "y" }) {
  return {
    inputNames: [names.x],
    outputNames: [names.y],
    run: ({ x }: Record<string, { data: unknown }>) =>
      Promise.resolve({
        [names.y]: make([...x!.data as Float32Array]) as ReturnType<typeof tensor>,
      }),
  };
}

const twice = sessionOf((x) => tensor(x.map((v) => 2 * v)));

Deno.test("sha256Hex() is SHA-256, whatever the number of bytes is", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    assert.equal(
      sha256Hex(bytes),
      createHash("sha256").update(bytes).digest("hex"),
      `${length} bytes`,
    );
  }
});

Deno.test("inputData() makes the documented numbers of a seed", () => {
  // x = 1 * 0x9e3779b1 = 2654435761; x * 1664525 + 1013904223 modulo 2^32, twice.
  const words: number[] = [];
  for (let i = 0, x = 2654435761n; i < 2; i++) {
    x = (x * 1664525n + 1013904223n) % 2n ** 32n;
    words.push(Number(x));
  }
  const make = (type: string) => [...inputData({ type, dims: [2], seed: 1 }) as Float32Array];
  assert.deepEqual(make("float32"), words.map((word) => Math.floor(word / 256) / 2 ** 24));
  const wide = inputData({ type: "float32", dims: [2], seed: 1, low: -4, high: 4 }) as Float32Array;
  assert.deepEqual([...wide], words.map((word) => Math.floor(word / 256) / 2 ** 21 - 4));
  assert.deepEqual(make("uint8"), words.map((word) => Math.floor(word / 2 ** 24)));
  assert.deepEqual(make("int32"), [0, 0]);
  const half = new Uint16Array(inputData({ type: "float16", dims: [2], seed: 1 }).buffer);
  assert.deepEqual([...half], words.map((word) => 0x3800 + Math.floor(word / 2 ** 22)));
});

Deno.test("selfTest() is green where every bit is the same, and says what may change times", async () => {
  const { same, close, text, reasons, outputs } = await selfTest(twice, doubling());
  assert.deepEqual([same, close, reasons, outputs.length], [true, false, [], 2]);
  assert.equal(
    text,
    "This page computes what was measured: double.onnx gives the same bits for all 2 samples.",
  );
  const ort = { env: { versions: { web: "1.29.0" } } };
  const other = await selfTest(twice, doubling(), { ort });
  assert.ok(other.same);
  assert.match(
    other.text,
    / It runs onnxruntime-web 1\.29\.0, and 1\.30\.0 was measured: times may/,
  );
  const file = await selfTest(twice, doubling(), { model: Uint8Array.of(4) });
  assert.ok(file.same);
  assert.match(file.text, /The file is not double\.onnx: it has other bytes\.$/);
});

Deno.test("selfTest() makes tensors of the runtime's own class where that is given", async () => {
  class Tensor {
    constructor(readonly type: string, readonly data: Float32Array, readonly dims: number[]) {}
  }
  const seen: unknown[] = [];
  const session = { ...twice, run: (feeds: never) => (seen.push(feeds["x"]), twice.run(feeds)) };
  assert.ok((await selfTest(session, doubling(), { ort: { Tensor } })).same);
  assert.ok(seen.every((one) => one instanceof Tensor));
});

Deno.test("selfTest() is red, and tells how close it is, where other kernels ran", async () => {
  const nearly = sessionOf((x) => tensor(x.map((v) => 2.002 * v))); // off by a thousandth: 60 dB
  const result = await selfTest(nearly, doubling());
  assert.deepEqual([result.same, result.close], [false, true]);
  assert.match(
    result.text,
    /^This page nearly computes what was measured\. 2 of 2 outputs that double\.onnx gives for the samples differ, the worst with 60 dB of signal over noise\. So do other kernels, .*executionProviders: \["wasm"\]/,
  );
  const gpu = sessionOf((x) => ({
    ...tensor([]),
    dims: [1, 2],
    location: "gpu-buffer",
    getData: () => Promise.resolve(Float32Array.from(x, (v) => 2.002 * v)),
  }));
  assert.match(
    (await selfTest(gpu, doubling())).text,
    /Outputs lie in a gpu-buffer: the execution/,
  );
  const ort = { env: { versions: { web: "1.31.0" }, webgpu: { device: {} } } };
  const { reasons } = await selfTest(nearly, doubling(), { ort, model: FILE.buffer });
  assert.match(reasons.join("\n"), /^The file is double\.onnx to the byte, so it is the runtime/m);
  assert.match(
    reasons.join("\n"),
    /^It runs onnxruntime-web 1\.31\.0, and 1\.30\.0 was measured\.$/m,
  );
  assert.match(reasons.join("\n"), /^This page has started WebGPU: /m);
});

Deno.test("selfTest() is red where another model runs, and says by what it is told", async () => {
  const says = async (session: typeof twice, pattern: RegExp, model?: Uint8Array) => {
    const { same, close, text } = await selfTest(session, doubling(), model && { model });
    assert.deepEqual([same, close], [false, false]);
    assert.match(text, pattern);
  };
  const thrice = sessionOf((x) => tensor(x.map((v) => 3 * v)));
  await says(thrice, /^This page does not compute .* with 6 dB .* or one with other weights;/);
  await says(thrice, /The file is not double\.onnx: it has other bytes\.$/, Uint8Array.of(4));
  await says(
    sessionOf(() => tensor([1])),
    /output "y" is float32 \[1, 1\] in place of float32 \[1, 2\]/,
  );
  await says(
    sessionOf(() => tensor([1]), { x: "image", y: "y" }),
    /its inputs are "image", and those of double\.onnx "x"\.$/,
  );
  await says(
    sessionOf(() => tensor([1]), { x: "x", y: "score" }),
    /its outputs are "score", and those of double\.onnx "y"\.$/,
  );
  const refusing = { ...twice, run: () => Promise.reject(new Error("Got invalid dimensions")) };
  await says(refusing, /The session does not run sample 1: Got invalid dimensions\.$/);
  await says(sessionOf(() => tensor([NaN, NaN])), /differ, beyond comparison\./);
});

Deno.test("selfTest() asks for the file's bytes only where they were not given and can be compared", async () => {
  const thrice = sessionOf((x) => tensor(x.map((v) => 3 * v)));
  const { model: { sha256: _, ...model }, ...rest } = doubling();
  const unhashed = { ...rest, model };
  const canary = { ...unhashed, check: checkOf(unhashed) };
  const { text } = await selfTest(thrice, canary, { model: FILE });
  assert.match(
    text,
    /other weights; the canary holds no hash of the file, as its weights lie in another\.$/,
  );
  const asked = await selfTest(thrice, doubling());
  assert.match(asked.text, /other weights; give \{ model: bytes \} to know about the file\.$/);
});

Deno.test("selfTest() refuses what is no canary, is of another form, or is damaged", async () => {
  const canary = doubling();
  await assert.rejects(selfTest(twice, {} as Canary), /^Error: This is no canary: expected what/);
  const later = { ...canary, canary: 2 } as const;
  assert.throws(() => requireCanary(later), /is of form 2, and this module reads form 1/);
  const damaged = JSON.parse(JSON.stringify(canary).replace("AACAPwAAAMA=", "AACAPwAAAMB="));
  assert.throws(() => requireCanary(damaged), /The canary is damaged: .* write it again$/);
  requireCanary(JSON.parse(JSON.stringify(canary)));
});
