// Runs a model in this page with plain onnxruntime-web, and shows what it gives and how long it takes.
import * as ort from "onnxruntime-web/wasm"; // index.html says where that lies; a bundler knows

/** Arrays that hold the values of each type. */
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

/** Milliseconds that runs are timed for, at least five of them. */
const TIMED_MS = 1000;

try {
  await main();
  document.documentElement.dataset.state = "done";
} catch (error) {
  say(`It failed: ${error?.message ?? error}`);
  document.documentElement.dataset.state = "failed";
}

async function main() {
  const { model, bytes, about, inputs, samples } = await (await get("samples.json")).json();
  const values = await (await get("samples.bin")).arrayBuffer();
  document.title = `${model} in a page`;
  element("model").textContent = model;

  // Threads must be decided before the first session. They need a page that is cross-origin isolated.
  const asked = Number(new URL(location.href).searchParams.get("threads") ?? 1);
  const threads = crossOriginIsolated ? asked : 1;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = {
    wasm: new URL("ort/ort-wasm-simd-threaded.wasm", import.meta.url).href,
  };

  say("Creating the session …");
  const file = new Uint8Array(await (await get(model)).arrayBuffer());
  const start = performance.now();
  const session = await ort.InferenceSession.create(file, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all", // the default; QDQ needs it to run in int8
  });
  const createMs = performance.now() - start;

  say("Running …");
  const feedsOf = (sample) =>
    Object.fromEntries(sample.inputs.map((one) => [
      one.name,
      new ort.Tensor(one.type, arrayOf(one, values), one.dims),
    ]));
  let firstMs;
  for (const [index, sample] of samples.entries()) {
    const feeds = feedsOf(sample);
    const before = performance.now();
    const results = await session.run(feeds, sample.outputs.map(({ name }) => name));
    firstMs ??= performance.now() - before;
    for (const expected of sample.outputs) {
      showOutput(index, results[expected.name], expected, values);
    }
  }
  const times = await timeRuns(session, feedsOf(samples[0]));

  showFacts({
    "a run": [`${milliseconds(median(times))} ms`, `median of ${times.length}, warm`],
    "first run": [`${milliseconds(firstMs)} ms`, "before V8 has optimized it"],
    "create the session": [`${milliseconds(createMs)} ms`, "with the start of the runtime"],
    "threads": [
      String(ort.env.wasm.numThreads),
      crossOriginIsolated ? "isolated" : "not isolated: 1 at most",
    ],
    "model": [`${(bytes / 1e6).toFixed(2)} MB`, "before compression"],
  });
  element("inputs").textContent = inputs;
  element("results").hidden = false;
  showThreads(asked);
  say(`${about}.`);
}

/** Runs until times are steady, then for a second more. Returns milliseconds of each run. */
async function timeRuns(session, feeds) {
  const runs = async (ms, least) => {
    const times = [];
    for (const start = performance.now(); times.length < least || performance.now() - start < ms;) {
      const before = performance.now();
      await session.run(feeds);
      times.push(performance.now() - before);
    }
    return times;
  };
  await runs(TIMED_MS, 3); // V8 compiles WASM once more while it runs
  await new Promise((done) => setTimeout(done)); // lets the page draw: runs stand in its way
  return await runs(TIMED_MS, 5);
}

/** A file of this page's folder. */
async function get(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: the server answers ${response.status}`);
  return response;
}

/** A view of the values that samples.json tells of. */
function arrayOf({ type, offset, length }, values) {
  return new ARRAYS[type](values, offset, length);
}

/** A row of the table: what an output is, beside what Octavo got of the same sample in Deno. */
function showOutput(index, { dims, data }, expected, values) {
  const others = arrayOf(expected, values);
  const same = sameBits(data, others);
  const row = document.createElement("tr");
  row.dataset.same = same;
  for (
    const [name, text] of [
      ["sample", `sample ${index + 1}`],
      ["output", expected.name],
      ["shape", `${expected.type} [${dims.join(", ")}]`],
      ["same", same ? "✓ the same bits" : `differs by up to ${difference(data, others)}`],
      ["values", [...data.slice(0, 6)].map(short).join(", ") + (data.length > 6 ? ", …" : "")],
    ]
  ) {
    const cell = document.createElement("td");
    cell.className = name;
    cell.textContent = text;
    row.append(cell);
  }
  element("outputs").append(row);
}

function sameBits(one, other) {
  const [a, b] = [one, other].map((x) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function difference(one, other) {
  if (one.length !== other.length) return `its length, ${one.length} in place of ${other.length}`;
  let most = 0;
  for (let i = 0; i < one.length; i++) {
    most = Math.max(most, Math.abs(Number(one[i]) - Number(other[i])));
  }
  return short(most);
}

function showFacts(facts) {
  for (const [name, [value, more]] of Object.entries(facts)) {
    const group = document.createElement("div");
    const [term, detail, small] = ["dt", "dd", "small"].map((tag) => document.createElement(tag));
    term.textContent = name;
    detail.textContent = value;
    small.textContent = more;
    detail.append(small);
    group.append(term, detail);
    element("facts").append(group);
  }
}

/** How to have another number of threads. */
function showThreads(asked) {
  const most = navigator.hardwareConcurrency ?? 1;
  const note = element("threads");
  if (!crossOriginIsolated) {
    note.textContent =
      "More threads take a page that is cross-origin isolated: serve.mjs, beside " +
      "this page, shows the two headers.";
  } else if (most > 1) {
    const other = asked === 1 ? Math.min(most, 4) : 1;
    const link = document.createElement("a");
    link.href = `?threads=${other}`;
    link.textContent = `Run it on ${other === 1 ? "one thread" : `${other} threads`}`;
    note.append(link);
  }
}

function say(text) {
  element("status").textContent = text;
}

function element(id) {
  return document.getElementById(id);
}

function short(value) {
  return typeof value === "number" && !Number.isInteger(value)
    ? String(Number(value.toPrecision(4)))
    : String(value);
}

function milliseconds(ms) {
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
