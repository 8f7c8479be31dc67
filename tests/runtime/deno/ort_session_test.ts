import assert from "node:assert/strict";
import { UserError } from "../../../lib/errors.ts";
import { RuntimeError } from "../../../lib/runtime/runtime_errors.ts";
import { openSession } from "../../../lib/runtime/open_runtime.ts";
import { type ElementType, type Feeds, float32, type Tensor } from "../../../lib/tensor/tensor.ts";
import { doubling, looping, modelOf, turns } from "../models.ts";

Deno.test("openSession() describes inputs and outputs, and run() computes", async () => {
  const session = await openSession(doubling());
  assert.deepEqual(session.inputs, [{ name: "x", type: "float32", dims: ["n"] }]);
  assert.deepEqual(session.outputs, [{ name: "y", type: "float32", dims: ["n"] }]);
  assert.deepEqual(await session.run({ x: float32([3], [0, 1, -2.5]) }), {
    y: float32([3], [1, 3, -4]),
  });
  await session.release();
  await assert.rejects(session.run({ x: float32([1], [1]) }), /was released/);
  await session.release(); // once more is nothing
});

Deno.test("a session that is asked for no output checks its inputs, and gives none", async () => {
  const session = await openSession(doubling());
  assert.deepEqual(await session.run({ x: float32([1], [2]) }, []), {});
  await assert.rejects(session.run({}, []), /input "x" is missing/);
  await session.release();
});

Deno.test("a session takes every type of element, also on shared memory", async () => {
  const shared = <T>(
    make: { new (buffer: SharedArrayBuffer): T; BYTES_PER_ELEMENT: number },
  ): T => new make(new SharedArrayBuffer(2 * make.BYTES_PER_ELEMENT));
  const arrays: { [T in ElementType]?: Tensor["data"] } = {
    float32: shared(Float32Array).fill(1.5),
    float64: shared(Float64Array).fill(-1e300),
    float16: shared(Float16Array).fill(0.5),
    int8: shared(Int8Array).fill(-128),
    uint8: shared(Uint8Array).fill(255),
    int16: shared(Int16Array).fill(-32768),
    uint16: shared(Uint16Array).fill(65535),
    int32: shared(Int32Array).fill(-(2 ** 31)),
    uint32: shared(Uint32Array).fill(2 ** 32 - 1),
    int64: shared(BigInt64Array).fill(-(2n ** 63n)),
    uint64: shared(BigUint64Array).fill(2n ** 64n - 1n),
    bool: shared(Uint8Array).fill(1),
    string: ["a", "ünï"],
  };
  for (const [type, data] of Object.entries(arrays)) {
    const session = await openSession(
      modelOf(`input x ${type}[2]\noutput y ${type}[2]\ny = Identity(x)`),
    );
    const { y } = await session.run({ x: { type, dims: [2], data } as Tensor });
    assert.equal(y?.type, type);
    assert.deepEqual([...y.data], [...data], type);
    await session.release();
  }
});

Deno.test("a session tells dynamic dimensions with, without a name, scalars and unknown ranks", async () => {
  const model = modelOf(`
    input named float32[n, 2]
    input unnamed float32[?]
    input scalar float32[]
    input anything float32[...]
    output y float32[n, 2]
    a = Add(unnamed, scalar)
    b = Add(a, anything)
    y = Add(named, b)`);
  const dims = (inputs: readonly { name: string; dims?: unknown }[]) =>
    inputs.map(({ dims }) => dims);
  const session = await openSession(model);
  assert.deepEqual(dims(session.inputs), [["n", 2], [null], [], undefined]);
  const { y } = await session.run({
    named: float32([1, 2], [1, 2]),
    unnamed: float32([1], [10]),
    scalar: float32([], [100]),
    anything: float32([1, 1], [1000]),
  });
  assert.deepEqual([...y!.data], [1111, 1112]);
  await session.release();

  // Of bytes the runtime alone knows, and it does not tell the last two apart.
  const bare = await openSession(model.bytes());
  assert.deepEqual(dims(bare.inputs), [["n", 2], [null], undefined, undefined]);
  await bare.release();
});

Deno.test("run() returns the outputs asked for, and names the nearest where there is none", async () => {
  const session = await openSession(
    modelOf(
      "input x float32[1]\noutput left float32[1]\noutput right float32[1]\n" +
        "left = Neg(x)\nright = Abs(x)",
    ),
  );
  const x = float32([1], [-2]);
  assert.deepEqual(Object.keys(await session.run({ x })), ["left", "right"]);
  assert.deepEqual(await session.run({ x }, ["right"]), { right: float32([1], [2]) });
  await assert.rejects(session.run({ x }, ["rihgt"]), /no output "rihgt"; nearest are right/);
  await session.release();
});

Deno.test("run() refuses feeds that do not fit before the runtime sees them", async () => {
  const session = await openSession(doubling());
  const wrong: Feeds = { x: { type: "float64", dims: [1], data: new Float64Array(1) } };
  await assert.rejects(
    session.run(wrong),
    new UserError(
      'Cannot run doubling.onnx: input "x" is float64, not float32; expected x float32 [n]',
    ),
  );
  await session.release();
});

Deno.test("openSession() says what is wrong with a model that the runtime refuses", async () => {
  const refuses = async (model: Parameters<typeof openSession>[0], message: RegExp) => {
    await assert.rejects(openSession(model), (error: Error) => {
      assert.ok(error instanceof RuntimeError, error.message);
      assert.match(error.message, message);
      return true;
    });
  };
  await refuses(new Uint8Array([1, 2, 3]), /not an ONNX model, or cut off/);
  await refuses(
    modelOf("input x float32[1]\noutput y float32[1]\ny = Fancy(x) @ top/fancy"),
    /tiny\.onnx.*Fancy.*custom/,
  );
  await refuses(
    modelOf(
      "input x float64[1, 1, 4]\ninput w float64[1, 1, 2]\noutput y float64[...]\n" +
        "y = Conv(x, w) @ front/Conv",
    ),
    /no kernel for Conv node "front\/Conv".*float32/,
  );
});

Deno.test("run() names the node that fails, and the session lives on", async () => {
  const session = await openSession(
    modelOf(
      "input a float32[n, k]\ninput b float32[l, m]\noutput y float32[n, m]\n" +
        "y = MatMul(a, b) @ fc/MatMul",
    ),
  );
  const a = float32([1, 2], [1, 2]);
  await assert.rejects(session.run({ a, b: float32([1, 1], [1]) }), (error: RuntimeError) => {
    assert.ok(error instanceof RuntimeError);
    assert.deepEqual(error.node, { opType: "MatMul", name: "fc/MatMul" });
    return true;
  });
  const { y } = await session.run({ a, b: float32([2, 1], [3, 4]) });
  assert.deepEqual([...y!.data], [11]);
  await session.release();
});

Deno.test("a session gives the tensors among its outputs, and refuses a sequence as input", async () => {
  const session = await openSession(modelOf(`
    input x float32[1]
    output s sequence(float32[1])
    output y float32[1]
    s = SequenceConstruct(x, x)
    y = Neg(x)`));
  assert.deepEqual(session.outputs.map(({ name }) => name), ["y"]);
  assert.deepEqual(await session.run({ x: float32([1], [2]) }), { y: float32([1], [-2]) });
  await session.release();
  const other = modelOf(`
    input s sequence(float32[?])
    output n int64[]
    n = SequenceLength(s)`);
  await assert.rejects(openSession(other), /"s" is not a tensor but a sequence/);
});

Deno.test("threads are decided by the first session, and the web's Worker stays in place", async () => {
  const session = await openSession(looping());
  await assert.rejects(openSession(looping(), { threads: 2 }), /openRuntime\(\{ threads: 2 \}\)/);
  await assert.rejects(openSession(looping(), { threads: 0 }), /must be 1 or more/);
  const { y } = await session.run(turns(1n));
  assert.equal((y!.data as Float32Array)[0], Math.fround(Math.sin(1)));
  await session.release();
  assert.ok(Worker.prototype instanceof EventTarget);
});
