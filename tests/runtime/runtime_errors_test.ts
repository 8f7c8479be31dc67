import assert from "node:assert/strict";
import { explain, RuntimeError } from "../../lib/runtime/runtime_errors.ts";

const code = (number: number, message: string) =>
  new Error(`Can't create a session. ERROR_CODE: ${number}, ERROR_MESSAGE: ${message}`);

Deno.test("explain() finds the node of a kernel that failed", () => {
  const error = explain(
    code(
      1,
      "Non-zero status code returned while running MatMul node. Name:'/fc/MatMul' " +
        "Status Message: matmul_helper.h:61 Compute MatMul dimension mismatch",
    ),
    "net.onnx",
    "run",
  );
  assert.deepEqual(error.node, { opType: "MatMul", name: "/fc/MatMul" });
  assert.equal(error.model, "net.onnx");
  assert.equal(error.fatal, false);
  assert.equal(
    error.message,
    'Cannot run net.onnx in onnxruntime-web: MatMul node "/fc/MatMul" failed: matmul_helper.h:61 ' +
      "Compute MatMul dimension mismatch; check the shapes and values of the inputs against what " +
      "the model expects",
  );
});

Deno.test("explain() drops the C++ around a message", () => {
  const error = explain(
    code(
      1,
      "/mnt/build/1/s/onnxruntime/core/graph/model_load_utils.h:56 void onnxruntime::check(" +
        "const std::unordered_map<std::string, int> &, int) ONNX Runtime only guarantees ... " +
        "Opset 99 is under development and support for this is limited.",
    ),
    "net.onnx",
    "open",
  );
  assert.match(error.message, /onnxruntime-web: ONNX Runtime only guarantees/);
  assert.match(error.message, /limited\. \(in model_load_utils\.h\); export .* older opset$/);
});

Deno.test("explain() says what to do about shapes that contradict the weights", () => {
  const text =
    "[ShapeInferenceError] Can't merge shape info. Both inferred and declared dimension " +
    "have values but they differ. Inferred=20 Declared=24 Dimension=1";
  assert.match(explain(code(1, text), "net", "open").message, /contradicts its weights: remove/);
});

Deno.test("explain() makes a sentence of what C++ only names, and cuts long lists", () => {
  const say = (text: string) => explain(new Error(text), "net.onnx", "open").message;
  for (const name of ["narrowing_error", "vector", "vector::_M_default_append"]) {
    assert.match(
      say(`Can't create a session. ERROR_CODE: 6, ERROR_MESSAGE: ${name}`),
      /it met a number, .*, that is beyond what it can hold \(\w/,
    );
  }
  const list = Array.from({ length: 1000 }, (_, i) => i).join(", ");
  assert.equal(
    say(`Invalid attribute perm {${list}}, input shape = {0, 4}`),
    "Cannot open net.onnx in onnxruntime-web: Invalid attribute perm " +
      "{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …}, input shape = {0, 4}",
  );
});

Deno.test("explain() knows each way in which a node is named", () => {
  const nodes = [
    "Could not find an implementation for Conv(11) node with name '/c'",
    "Type Error: Type parameter (T) of Optype (Conv) bound to different types in node (/c).",
    "Type 'tensor(uint8)' of input parameter (b) of operator (Conv) in node (/c) is invalid.",
    "Node (/c) Op (Conv) [ShapeInferenceError] Incompatible dimensions",
    "Fatal error: com.acme:Conv(-1) is not a registered function/op",
    "No Op registered for Conv with domain_version of 17",
  ].map((text) => explain(code(1, text), "net", "open").node);
  const named = { opType: "Conv", name: "/c" };
  const unnamed = { opType: "Conv", name: "" };
  assert.deepEqual(nodes, [named, named, named, named, unnamed, unnamed]);
});

Deno.test("explain() takes the end of the instance for what it is", () => {
  const ends = [
    12_345_678, // the address of a C++ exception
    new WebAssembly.RuntimeError("memory access out of bounds"),
    new RangeError("Array buffer allocation failed"),
    code(6, "std::bad_alloc"),
  ];
  for (const thrown of ends) {
    const error = explain(thrown, "net", "run");
    assert.equal(error.fatal, true, error.message);
    assert.match(error.message, /memory/);
  }
});

Deno.test("explain() leaves an explained error alone", () => {
  const error = new RuntimeError("Cannot run net: no", "net");
  assert.equal(explain(error, "other", "open"), error);
});
