import assert from "node:assert/strict";
import { arrays, type ArraysOptions } from "../../lib/data/arrays.ts";
import { type Dataset, samples, select, slice } from "../../lib/data/dataset.ts";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { writeNpy } from "../../lib/data/npy.ts";
import { writeNpz } from "../../lib/data/npz.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { inTempFolder } from "../temp_folder.ts";
import {
  elementCount,
  type Feeds,
  float32,
  type Tensor,
  type ValueType,
} from "../../lib/tensor/tensor.ts";

/** A network of a picture, a recurrent state and a scalar. */
const INPUTS: ValueType[] = [
  { name: "x", type: "float32", dims: ["N", 2] },
  { name: "h", type: "float32", dims: [2, 1, 1] },
  { name: "rate", type: "int64", dims: [] },
];

const THREE: Record<string, Tensor> = {
  x: float32([3, 2], [1, 2, 3, 4, 5, 6]),
  h: float32([3, 2, 1, 1], [0, 0, 1, 1, 2, 2]),
  rate: { type: "int64", dims: [3], data: BigInt64Array.of(16000n, 16000n, 8000n) },
};

async function all(dataset: Dataset): Promise<Feeds[]> {
  const list = [];
  for await (const feeds of samples(dataset)) list.push(feeds);
  return list;
}

Deno.test("arrays() feeds a batch of one, a whole input of a rank less, and a scalar", async () => {
  const data = arrays(THREE, { inputs: INPUTS });
  assert.equal(data.length, 3);
  assert.deepEqual(await data.sample(1), {
    x: float32([1, 2], [3, 4]),
    h: float32([2, 1, 1], [1, 1]),
    rate: { type: "int64", dims: [], data: BigInt64Array.of(16000n) },
  });
});

Deno.test("arrays() puts samples on shared memory", async () => {
  const { x } = await arrays({ x: THREE.x! }).sample(2);
  assert.ok((x!.data as Float32Array).buffer instanceof SharedArrayBuffer);
});

Deno.test("arrays() takes samples of different shapes one by one", async () => {
  const inputs: ValueType[] = [{ name: "x", type: "float32", dims: [1, "T"] }];
  const ragged = [{ x: float32([1, 1], [7]) }, { x: float32([1, 3], [1, 2, 3]) }];
  const data = arrays(ragged, { inputs, labels: [1, 0] });
  assert.deepEqual(await all(data), ragged);
  assert.deepEqual([...data.labels!], [1, 0]);
});

Deno.test("arrays() brings the types numpy likes to the input's, where nothing is lost", async () => {
  const inputs: ValueType[] = [
    { name: "f", type: "float32", dims: [1, 2] },
    { name: "g", type: "float32", dims: [1, 2] },
    { name: "i", type: "int32", dims: [1, 2] },
    { name: "j", type: "int64", dims: [1, 2] },
  ];
  const data = arrays({
    f: { type: "float64", dims: [1, 2], data: Float64Array.of(0.1, -2) },
    g: { type: "uint8", dims: [1, 2], data: Uint8Array.of(0, 255) },
    i: { type: "int64", dims: [1, 2], data: BigInt64Array.of(-5n, 2n ** 31n - 1n) },
    j: { type: "bool", dims: [1, 2], data: Uint8Array.of(1, 0) },
  }, { inputs });
  assert.deepEqual(await data.sample(0), {
    f: float32([1, 2], [Math.fround(0.1), -2]),
    g: float32([1, 2], [0, 255]),
    i: { type: "int32", dims: [1, 2], data: Int32Array.of(-5, 2 ** 31 - 1) },
    j: { type: "int64", dims: [1, 2], data: BigInt64Array.of(1n, 0n) },
  });
});

/** Checks the whole message of the UserError that a data set makes. */
function refuse(
  values: Record<string, Tensor> | Feeds[],
  message: string,
  options: ArraysOptions = {},
) {
  assert.throws(() => arrays(values, { name: "clips.npz", ...options }), {
    name: "UserError",
    message: `Cannot use clips.npz: ${message}`,
  });
}

Deno.test("arrays() names what is missing and what is unknown", () => {
  const { x, ...rest } = THREE;
  refuse(
    { ...rest, X: x! },
    'it has no array for the network\'s input "x" (float32 [N, 2]); its array "X" is no input of ' +
      'the network (did you mean "x"?). Arrays: "h", "rate", "X"; inputs: "x", "h", "rate". ' +
      'In Python: d = np.load("clips.npz"); np.savez("named.npz", **{"x": d["X"], "h": d["h"], ' +
      '"rate": d["rate"]})',
    { inputs: INPUTS },
  );
  refuse({}, "it holds no arrays");
  refuse({ x: float32([0, 2], []) }, "it holds no samples");
  refuse([], "it holds no samples");
});

Deno.test("arrays() takes one array for an only input whatever its name, and says so", async () => {
  const [x] = INPUTS;
  const data = arrays({ images: THREE.x! }, { inputs: [x!] });
  assert.deepEqual(await data.sample(1), { x: float32([1, 2], [3, 4]) });
  assert.deepEqual(data.notes, ['Array "images" is taken for the input "x".']);
  assert.equal(arrays({ x: THREE.x! }, { inputs: [x!] }).notes, undefined);
  refuse(
    { images: THREE.x!, y: THREE.rate! },
    'its array "y" is no input of the network (did you mean "labels"?). Arrays: "images", "y"; ' +
      'inputs: "x". In Python: d = np.load("clips.npz"); np.savez("named.npz", **{"x": ' +
      'd["images"], "labels": d["y"]})',
    { inputs: [x!] },
  );
});

Deno.test("arrays() gives the line of numpy that brings an array into shape", () => {
  const remedy = (input: (number | string)[], stack: number[], hint: RegExp) =>
    assert.throws(
      () =>
        arrays({ x: { type: "bool", dims: stack, data: new Uint8Array(elementCount(stack)) } }, {
          inputs: [{ name: "x", type: "float32", dims: input }],
        }),
      hint,
    );
  remedy(["N", 3, 8, 9], [5, 8, 9, 3], /; it looks like NHWC: x\.transpose\(0, 3, 1, 2\)$/);
  remedy(["N", 8, 9, 3], [5, 3, 8, 9], /; it looks like NCHW: x\.transpose\(0, 2, 3, 1\)$/);
  remedy(
    ["N", 16, 20],
    [5, 20, 16],
    /; it has its axes in another order: x\.transpose\(0, 2, 1\)$/,
  );
  remedy(["N", 1, 8, 8], [1, 8, 8], /; it has no axis of samples: x\[None\]$/);
  remedy(["N", 3, 8, 8], [3, 8, 8], /; it has no axis of samples: x\[None\]$/);
  remedy(["N", 1, 8, 8], [8, 8], /; it has no axes of samples and channels: x\[None, None\]$/);
  remedy(["N", 1, 8, 8], [5, 8, 8], /; it lacks an axis: x\[:, None\]$/);
  remedy(["N", 8, 8, 1], [5, 8, 8], /; it lacks an axis: x\[\.\.\., None\]$/);
  remedy(["N", 8], [5, 1, 1, 8], /; it has an axis too many: x\[:, 0\]$/);
  remedy([2, 3, 4], [5, 2, 3, 4, 1], /; it has an axis too many: x\[\.\.\., 0\]$/);
  remedy(["N", 3, 8, 8], [5, 192], /; it is flat: x\.reshape\(-1, 3, 8, 8\)$/);
  remedy(["N", 192], [5, 3, 8, 8], /; it is not flat: x\.reshape\(-1, 192\)$/);
  remedy(["N", 3, 8, 8], [5, 7], /\(each sample a whole input\)$/);
  remedy(["N", 4], Array.from({ length: 40 }, () => 1), /\[1, 1, 1, 1, …, 1\] \(40 dimensions\)/);
});

Deno.test("npzDataset() takes a file of one array, and a model for its inputs", () =>
  inTempFolder(async (folder) => {
    const model = parseModel("input x float32[N, 2]; output y float32[N, 2]; y = Relu(x)");
    await Deno.writeFile(`${folder}/clips.npy`, writeNpy(THREE.x!));
    const data = await npzDataset(`${folder}/clips.npy`, model);
    assert.deepEqual(await data.sample(1), { x: float32([1, 2], [3, 4]) });
    assert.deepEqual(data.notes, ['Array "clips" is taken for the input "x".']);
  }));

Deno.test("arrays() says which shapes it expected", () => {
  refuse(
    { ...THREE, x: float32([3, 3], new Float32Array(9)) },
    'array "x" is of shape [3, 3], but the input is float32 [N, 2]: expected [samples, 2] (each ' +
      "sample a batch of one) or [samples, N, 2] (each sample a whole input)",
    { inputs: INPUTS },
  );
  refuse(
    { ...THREE, h: float32([3, 1, 1], new Float32Array(3)) },
    'array "h" is of shape [3, 1, 1], but the input is float32 [2, 1, 1]: expected [samples, 2, 1, ' +
      "1] (each sample a whole input)",
    { inputs: INPUTS },
  );
  refuse(
    { ...THREE, h: float32([2, 2, 1, 1], new Float32Array(4)) },
    'array "h" holds 2 samples along its first axis, but "x" 3; all arrays must hold the same ' +
      "samples",
    { inputs: INPUTS },
  );
  refuse(
    { ...THREE, rate: { type: "int64", dims: [], data: BigInt64Array.of(1n) } },
    'array "rate" is a single value; its first axis must be the samples, also where all are fed ' +
      "the same: repeat it for each sample",
    { inputs: INPUTS },
  );
  refuse(
    [{ x: float32([2], [1, 2]) }],
    'sample 0: array "x" is of shape [2], but the input is [N, 2]',
    { inputs: INPUTS.slice(0, 1) },
  );
});

Deno.test("arrays() refuses types that would lose something", () => {
  refuse(
    { x: float32([3, 2], [1, 2, 3, 4, 5, 6]) },
    'array "x" cannot be fed: the input is bfloat16, a type that neither numpy\'s files nor ' +
      "onnxruntime-web's tensors have; export the network with float32 inputs",
    { inputs: [{ name: "x", type: "bfloat16", dims: ["N", 2] }] },
  );
  refuse(
    { ...THREE, rate: float32([3], [1, 2, 3]) },
    'array "rate" is of type float32, but the input is int64; convert it first',
    { inputs: INPUTS },
  );
  const inputs: ValueType[] = [{ name: "x", type: "uint8", dims: [1, 2] }];
  refuse(
    { x: { type: "int64", dims: [2, 2], data: BigInt64Array.of(0n, 255n, 256n, 0n) } },
    'array "x" holds 256 in sample 1 (element 0 of it), which an input of type uint8 cannot hold',
    { inputs },
  );
  refuse(
    { x: { type: "int32", dims: [1, 1], data: Int32Array.of(2 ** 24 + 1) } },
    'array "x" holds 16777217 in sample 0 (element 0 of it), which an input of type float32 ' +
      "cannot hold",
    { inputs: [{ name: "x", type: "float32", dims: [1, 1] }] },
  );
});

Deno.test("arrays() names the sample that holds NaN or infinity", () => {
  const advice =
    "; a range or an accuracy over it would mean nothing. Repair or remove that sample";
  refuse(
    { x: float32([2, 2], [1, 2, 3, NaN]) },
    `array "x" holds NaN in sample 1 (element 1 of it)${advice}`,
  );
  refuse(
    [{ x: float32([1], [0]) }, { x: float32([1], [-Infinity]) }],
    `sample 1: array "x" holds -Infinity in element 0${advice}`,
  );
  assert.throws(
    () =>
      arrays({ x: { type: "float64", dims: [1, 1], data: Float64Array.of(1e39) } }, {
        inputs: [{ name: "x", type: "float32", dims: [1, 1] }],
      }),
    /holds 1e\+39 in sample 0 .*which an input of type float32 cannot hold/,
  );
});

Deno.test("arrays() refuses labels that are no classes", () => {
  const x = { x: THREE.x! };
  const what = "labels must be classes counted from 0, or -1 for none; sample 1 has";
  refuse(x, `${what} -2`, { labels: [0, -2, 1] });
  refuse(x, `${what} 0.5`, { labels: [0, 0.5, 1] });
  refuse(x, "labels are 2, but there are 3 samples", { labels: [0, 1] });
  refuse(
    x,
    "labels must be integers of shape [3], one class per sample, or [3, positions], one for each position of " +
      'an input; got float32 [3]; save labels.astype("int64")',
    {
      labels: float32([3], [0, 1, 2]),
    },
  );
  refuse(
    x,
    "labels must be integers of shape [3], one class per sample, or [3, positions], one for each position of " +
      "an input; got int32 [3, 1]; save labels.reshape(-1)",
    {
      labels: { type: "int32", dims: [3, 1], data: Int32Array.of(0, 1, 2) },
    },
  );
});

Deno.test("arrays() names the line that makes classes of one-hot labels", () => {
  const oneHot = float32([3, 2], [1, 0, 0, 1, 1, 0]);
  const x = float32([3, 1], [1, 2, 3]);
  assert.throws(
    () => arrays({ x }, { labels: oneHot }),
    /got float32 \[3, 2\]; .*labels\.argmax\(1\)$/,
  );
});

Deno.test("arrays() takes a label for each position, and any negative one for none", async () => {
  const ids: Tensor = {
    type: "int64",
    dims: [2, 3],
    data: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n),
  };
  const labels: Tensor = { type: "int32", dims: [2, 3], data: Int32Array.of(2, 3, -100, 5, 6, 0) };
  const data = arrays({ ids }, { labels });
  const rows = [[2, 3, -1], [5, 6, 0]];
  assert.deepEqual(data.tokenLabels!.map((row) => [...row]), rows);
  assert.equal(data.labels, undefined);
  assert.deepEqual([...select(data, [1]).tokenLabels![0]!], [5, 6, 0]);
  // Of a list each sample has as many as it has positions.
  const listed = arrays(await all(data), { labels: [[2, 3, -1], Int32Array.of(5, 6, 0)] });
  assert.equal(await listed.hash(), await data.hash());
  assert.notEqual(await data.hash(), await arrays({ ids }).hash());
  assert.throws(
    () => arrays({ ids }, { labels: { ...labels, dims: [3, 2] } }),
    /labels must be integers of shape \[2\].* got int32 \[3, 2\]/,
  );
});

Deno.test("hash() tells data sets apart by names, types, shapes, values and labels", async () => {
  const variants: Dataset[] = [
    arrays({ x: float32([2, 2], [1, 2, 3, 4]) }),
    arrays({ y: float32([2, 2], [1, 2, 3, 4]) }),
    arrays({ x: float32([2, 2, 1], [1, 2, 3, 4]) }),
    arrays({ x: float32([2, 2], [1, 2, 3, 5]) }),
    arrays({ x: { type: "float64", dims: [2, 2], data: Float64Array.of(1, 2, 3, 4) } }),
    arrays({ x: float32([2, 2], [1, 2, 3, 4]) }, { labels: [0, 1] }),
    arrays({ x: float32([2, 2], [1, 2, 3, 4]) }, { labels: [1, 0] }),
    arrays({ x: float32([2, 2], [3, 4, 1, 2]) }),
  ];
  const hashes = await Promise.all(variants.map((dataset) => dataset.hash()));
  assert.equal(new Set(hashes).size, variants.length);
  assert.match(hashes[0]!, /^[0-9a-f]{64}$/);
});

Deno.test("hash() depends on the samples, not on how they are held", async () => {
  const stacked = arrays(THREE, { name: "a", inputs: INPUTS, labels: [2, 1, 0] });
  const listed = arrays(await all(stacked), { name: "b", labels: [2, 1, 0] });
  assert.equal(await listed.hash(), await stacked.hash());
  assert.equal(await select(listed, [0, 1, 2]).hash(), await stacked.hash());
});

Deno.test("select() takes samples and labels in the order asked for", async () => {
  const data = arrays(THREE, { inputs: INPUTS, labels: [5, 6, -1] });
  const chosen = select(data, [2, 0]);
  assert.deepEqual(await all(chosen), [await data.sample(2), await data.sample(0)]);
  assert.deepEqual([...chosen.labels!], [-1, 5]);
  assert.equal(slice(data, 1, 9).length, 2);
  assert.throws(() => select(data, [3]), RangeError);
  assert.throws(() => chosen.sample(2), /Cannot take sample 2 of arrays: it has 2 samples/);
  assert.throws(() => data.sample(-1), RangeError);
});

Deno.test("npzDataset() reads inputs and labels from a file", async () => {
  const path = await Deno.makeTempFile({ suffix: ".npz" });
  try {
    const labels: Tensor = { type: "int64", dims: [3], data: BigInt64Array.of(1n, 0n, -1n) };
    await writeNpz(path, { ...THREE, labels });
    const data = await npzDataset(path, INPUTS);
    assert.deepEqual([...data.labels!], [1, 0, -1]);
    assert.deepEqual(await all(data), await all(arrays(THREE, { inputs: INPUTS })));
    assert.ok(path.endsWith(data.name));
    const fed = await npzDataset(path, [...INPUTS, { name: "labels", type: "int64", dims: ["N"] }]);
    assert.equal(fed.labels, undefined);
    assert.deepEqual((await fed.sample(0)).labels!.dims, [1]);
  } finally {
    await Deno.remove(path);
  }
});
