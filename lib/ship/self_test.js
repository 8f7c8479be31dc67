// @ts-self-types="./self_test.d.ts"
/**
 * Says in a page whether it computes what was measured: `await selfTest(session, canary)`, with a canary that
 * `octavo canary` wrote. One file that imports nothing, to be copied or imported.
 *
 * @module
 */

/** Version of the form that canaries have. */
export const CANARY_FORM = 1;

/** Values of an output that a canary holds, to tell how close another result is. */
const HELD_VALUES = 32;

/** Arrays that hold the elements of each type. Those of float16 are its bits where the engine has no other. */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: globalThis.Float16Array ?? Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Runs each sample of a canary once, and says whether this page computes what was measured. */
export async function selfTest(session, canary, options = {}) {
  requireCanary(canary);
  const runtime = runtimeSeen(options);
  const outputs = [];
  const refused = namesThatDiffer(session, canary);
  for (const [index, sample] of refused.length > 0 ? [] : canary.samples.entries()) {
    const inputs = Object.entries(sample.inputs);
    const feeds = Object.fromEntries(inputs.map(([name, one]) => [name, tensorOf(one, options)]));
    try {
      const results = await session.run(feeds);
      for (const [name, expected] of Object.entries(sample.outputs)) {
        outputs.push({ sample: index, name, ...await compare(results[name], expected) });
      }
    } catch (error) {
      const reason = String(error?.message ?? error).replace(/\.?\s*$/, ".");
      refused.push(`The session does not run sample ${index + 1}: ${reason}`);
      break;
    }
  }
  return resultOf(canary, { runtime, outputs, refused, options });
}

/** Refuses what is no canary, or is not what was written. */
export function requireCanary(canary) {
  const form = canary?.canary;
  if (!Number.isInteger(form) || !Array.isArray(canary.samples)) {
    throw new Error(
      "This is no canary: expected what `octavo canary` wrote, as JSON.parse() gives it",
    );
  }
  if (form !== CANARY_FORM) {
    throw new Error(
      `The canary is of form ${form}, and this module reads form ${CANARY_FORM}: take the two of one release`,
    );
  }
  if (canary.check !== checkOf(canary)) {
    throw new Error("The canary is damaged: it is not as it was written; write it again");
  }
}

/** What a canary's `check` must be. */
export function checkOf({ check: _, ...content }) {
  return sha256Hex(new TextEncoder().encode(JSON.stringify(content)));
}

/** The elements of an input, in an array of its type. */
export function inputData({ type, dims, base64, seed, low = 0, high = 1 }) {
  const length = dims.reduce((product, dim) => product * dim, 1);
  const data = new ARRAYS[type](length);
  if (base64 !== undefined) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    new Uint8Array(data.buffer).set(bytes);
    return data;
  }
  // A linear congruential generator of 32 bits; its upper bits are used.
  let state = Math.imul(seed, 0x9e3779b1);
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 0;
  if (type === "uint8") {
    for (let i = 0; i < length; i++) data[i] = next() >>> 24;
  } else if (type === "float16") {
    const bits = new Uint16Array(data.buffer);
    for (let i = 0; i < length; i++) bits[i] = 0x3800 | (next() >>> 22);
  } else if (type.startsWith("float")) {
    for (let i = 0; i < length; i++) data[i] = low + (high - low) * (next() >>> 8) / 2 ** 24;
  }
  return data;
}

/** What a canary says of an output. */
export function canaryOutput({ type, dims, data }) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const count = Math.min(HELD_VALUES, data.length);
  const values = Array.from({ length: count }, (_, i) => {
    const value = Number(data[Math.floor(i * data.length / count)]);
    return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
  });
  return { type, dims: [...dims], sha256: sha256Hex(bytes), values };
}

/** SHA-256 in hexadecimal digits. Of its own: pages have `crypto.subtle` over HTTPS and on localhost alone. */
export function sha256Hex(bytes) {
  const { keys, start } = sha256Constants();
  const padded = new Uint8Array((bytes.length + 72) & ~63);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const state = Int32Array.from(start);
  const words = new Int32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < 64; i++) {
      const [x, y] = [words[i - 15], words[i - 2]];
      words[i] = words[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + words[i - 7] +
        (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    mixBlock(state, words, keys);
  }
  return [...state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function mixBlock(state, words, keys) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) +
      keys[i] + words[i];
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => state[i] += value);
}

/** Turns the 32 bits of a word to the right. */
function turn(word, by) {
  return (word >>> by) | (word << (32 - by));
}

/** The first 32 bits behind the point of roots of the first primes. */
function sha256Constants() {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) {
    if (primes.every((prime) => n % prime > 0)) primes.push(n);
  }
  const bits = (root) => (root % 1) * 2 ** 32 | 0;
  return {
    keys: primes.map((prime) => bits(Math.cbrt(prime))),
    start: primes.slice(0, 8).map((prime) => bits(Math.sqrt(prime))),
  };
}

/** A session takes anything of a tensor's shape; the runtime's own where that is at hand. */
function tensorOf(input, { ort }) {
  const { type, dims } = input;
  const data = inputData(input);
  return ort?.Tensor ? new ort.Tensor(type, data, dims) : { type, dims, data, location: "cpu" };
}

/** What another model is told by before anything runs, in sentences. */
function namesThatDiffer({ inputNames, outputNames }, { model, samples: [sample] }) {
  const listed = (names) => names.map((name) => `"${name}"`).join(", ");
  const differ = (what, found, wanted) =>
    `It is another model: its ${what} are ${listed(found)}, and those of ${model.name} ${
      listed(wanted)
    }.`;
  const [inputs, outputs] = [sample.inputs, sample.outputs].map(Object.keys);
  const isSame = inputs.length === inputNames.length &&
    inputs.every((name) => inputNames.includes(name));
  return [
    ...isSame ? [] : [differ("inputs", inputNames, inputs)],
    ...outputs.every((name) => outputNames.includes(name))
      ? []
      : [differ("outputs", outputNames, outputs)],
  ];
}

async function compare(tensor, expected) {
  const shapeOf = ({ type, dims }) => `${type} [${dims.join(", ")}]`;
  if (!tensor) return { same: false, shape: "missing" };
  const shape = shapeOf(tensor);
  const wanted = shapeOf(expected);
  if (shape !== wanted) return { same: false, shape: `${shape} in place of ${wanted}` };
  const isHere = tensor.location === undefined || tensor.location === "cpu";
  const data = isHere ? tensor.data : await tensor.getData();
  const found = canaryOutput({ type: tensor.type, dims: tensor.dims, data });
  const place = isHere ? {} : { location: tensor.location };
  if (found.sha256 === expected.sha256) return { same: true, ...place };
  return { same: false, closeness: closenessOf(expected.values, found.values), ...place };
}

/** Signal over noise, dB, of the values that are held; Infinity where all of those are equal. */
function closenessOf(expected, found) {
  let [signal, noise] = [0, 0];
  expected.forEach((x, i) => {
    const y = found[i];
    if (x === null || y === null) return noise += x === y ? 0 : Infinity;
    signal += x ** 2;
    noise += (x - y) ** 2;
  });
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}

/** What runs in this page, as far as it can be seen: the binary by the name of its file. */
function runtimeSeen({ ort }) {
  const release = ort?.env?.versions?.web;
  const files = globalThis.performance?.getEntriesByType?.("resource") ?? [];
  const loaded = files.flatMap(({ name }) => {
    const found = /ort-wasm-simd-threaded(?:\.(jsep|asyncify|jspi))?[^/]*\.wasm/.exec(name);
    return found ? [found[1] ?? "plain"] : [];
  });
  const [binary, ...others] = new Set(loaded); // of two, either may be at work
  return { ...release && { release }, ...binary && others.length === 0 && { binary } };
}

function resultOf(canary, { runtime, outputs, refused, options }) {
  const { limits: { closeDb }, model: { name }, samples } = canary;
  const same = refused.length === 0 && outputs.every((output) => output.same);
  if (same) {
    const count = samples.length === 1 ? "its sample" : `all ${samples.length} samples`;
    const text = [
      `This page computes what was measured: ${name} gives the same bits for ${count}.`,
      ...[...otherRelease(canary, runtime), ...otherBinary(canary, runtime)]
        .map((other) => `${other}: times may differ.`),
      ...otherFile(canary, options),
    ].join(" ");
    return { same, close: false, closeness: Infinity, text, reasons: [], outputs, runtime };
  }
  const closeness = worstCloseness(canary, outputs);
  const close = refused.length === 0 && closeness >= closeDb;
  const reasons = refused.length > 0
    ? [...refused, ...ofTheFile(canary, options)]
    : reasonsFor(canary, { runtime, outputs, options, close });
  const text = [
    `This page ${close ? "nearly computes" : "does not compute"} what was measured.`,
    ...howDifferent(name, outputs, closeness),
    ...reasons,
  ].join(" ");
  return { same, close, closeness, text, reasons, outputs, runtime };
}

/** Of the outputs that differ; of floats alone, if any do: an index moves with them. */
function worstCloseness({ samples }, outputs) {
  const different = outputs.filter((output) => !output.same);
  const floats = different.filter(({ sample, name }) =>
    samples[sample].outputs[name].type.startsWith("float")
  );
  const judged = floats.length > 0 ? floats : different;
  return judged.length === 0
    ? -Infinity
    : Math.min(...judged.map((output) => output.closeness ?? -Infinity));
}

function howDifferent(name, outputs, closeness) {
  const different = outputs.filter((output) => output.closeness !== undefined);
  if (different.length === 0) return [];
  const how = closeness === Infinity
    ? "though not in the values that the canary holds"
    : closeness === -Infinity
    ? "beyond comparison"
    : `the worst with ${closeness.toFixed(0)} dB of signal over noise`;
  const verb = different.length === 1 ? "differs" : "differ";
  return [
    `${different.length} of ${outputs.length} outputs that ${name} gives for the samples ${verb}, ${how}.`,
  ];
}

/** Why outputs differ, where it can be seen, and else what to look at; in sentences. */
function reasonsFor(canary, { runtime, outputs, options, close }) {
  const shapes = new Set(
    outputs.filter(({ shape }) => shape).map(({ name, shape }) => `output "${name}" is ${shape}`),
  );
  const place = outputs.find(({ location }) => location)?.location;
  const isOnGpu = place !== undefined || options.ort?.env?.webgpu?.device !== undefined;
  const seen = [
    ...[...shapes].map((shape) => `It is another model: its ${shape}.`),
    ...ofTheFile(canary, options),
    ...otherRelease(canary, runtime).map((other) => `${other}.`),
    ...isOnGpu
      ? [
        `${place ? `Outputs lie in a ${place}` : "This page has started WebGPU"}: the execution ` +
        'provider may not be WASM; create the session with executionProviders: ["wasm"].',
      ]
      : [],
  ];
  if (seen.length > 0) return seen;
  const why = close
    ? "So do other kernels, or a model that was changed a little: create the session with " +
      'executionProviders: ["wasm"] and graphOptimizationLevel: "all"'
    : "It is another model, or one with other weights";
  return [`${why}${aboutTheFile(canary, options)}.`];
}

/** That the model's file is another than the one that was measured, where its bytes are given and say so. */
function otherFile({ model: { name, sha256 } }, { model }) {
  const isOther = model && sha256 && sha256Hex(new Uint8Array(model)) !== sha256;
  return isOther ? [`The file is not ${name}: it has other bytes.`] : [];
}

/** How to know about the file, where there is a way that was not gone. */
function aboutTheFile({ model: { sha256 } }, { model }) {
  if (!sha256) return "; the canary holds no hash of the file, as its weights lie in another";
  return model ? "" : "; give { model: bytes } to know about the file";
}

/** The same, or else that it is the very file. */
function ofTheFile(canary, options) {
  const { name, sha256 } = canary.model;
  const other = otherFile(canary, options);
  if (other.length > 0 || !options.model || !sha256) return other;
  return [
    `The file is ${name} to the byte, so it is the runtime or the session's options that differ.`,
  ];
}

/** Which release runs, in a clause, if it is seen and is not the one that was measured. */
function otherRelease({ runtime: { release } }, seen) {
  return seen.release === undefined || seen.release === release
    ? []
    : [`It runs onnxruntime-web ${seen.release}, and ${release} was measured`];
}

/** The same of the binary, which changes times and no bits. */
function otherBinary({ runtime: { binary } }, seen) {
  return seen.binary === undefined || seen.binary === binary
    ? []
    : [`It loaded the ${seen.binary} binary, and the ${binary} one was measured`];
}
