import { fromBinary } from "@bufbuild/protobuf";
import { assert, assertEquals } from "@std/assert";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { minMax } from "../../lib/calibrate/observers.ts";
import { decodeModel, type Model } from "../../lib/onnx/model.ts";
import { type NodeProto, TensorProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto, readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { dynamicInt8, staticInt8 } from "../../lib/quantize/qconfig.ts";
import type { Trace } from "../../lib/quantize/quantized_model.ts";
import type { Feeds, Tensor } from "../../lib/tensor/tensor.ts";
import { isThere, shared } from "../shared.ts";
import { run, stepOf, stored } from "./fixture.ts";
import { impliedError, impliedRecurrentError } from "./implied_error.ts";

const NODE_TESTS = shared("onnx-node-tests/node/");

/** Inputs that are activations, by operator, where not all float32 inputs are; others become constants. */
const ACTIVATIONS: Readonly<Record<string, readonly number[]>> = {
  Clip: [0],
  Conv: [0],
  Gemm: [0],
  GRU: [0],
  LSTM: [0],
  Pad: [0],
  Resize: [0],
  RNN: [0],
};

/** A test of the ONNX standard: one operator, what to feed it and what it should give. */
interface StandardTest {
  readonly model: Model;
  readonly feeds: Feeds;
  readonly weights?: Tensor;
  readonly expected: Readonly<Record<string, Tensor>>;
}

/** Reads a test, with weights and the like as constants. Undefined if it is not of float32, or empty. */
function readTest(folder: string): StandardTest | undefined {
  const root = new URL(`${folder}/`, NODE_TESTS);
  const model = decodeModel(Deno.readFileSync(new URL("model.onnx", root)), folder);
  const read = (kind: string, i: number) =>
    readTensorProto(
      fromBinary(
        TensorProtoSchema,
        Deno.readFileSync(new URL(`test_data_set_0/${kind}_${i}.pb`, root)),
      ),
    );
  const { graph } = model;
  const [node] = graph.node;
  if (graph.node.length !== 1 || !node) return undefined;
  const tensors = graph.input.map(({ name }, i) => ({ name, tensor: read("input", i) }));
  const expected = Object.fromEntries(
    graph.output.map(({ name }, i) => [name, read("output", i)]),
  );
  const { type, data } = tensors[0]!.tensor;
  if (type !== "float32" || data.length === 0) return undefined;
  if (Object.values(expected).some(({ type }) => type !== "float32")) return undefined;
  const activations = tensors.filter(({ tensor, name }) => {
    const position = node.input.indexOf(name);
    return tensor.type === "float32" && (ACTIVATIONS[node.opType]?.includes(position) ?? true);
  });
  const fed = new Set(activations.map(({ name }) => name));
  const rest = tensors.filter(({ name }) => !fed.has(name));
  return {
    model: model.withGraph({
      ...graph,
      input: graph.input.filter(({ name }) => fed.has(name)),
      initializer: [
        ...graph.initializer,
        ...rest.map(({ name, tensor }) => makeTensorProto(name, tensor)),
      ],
    }),
    feeds: Object.fromEntries(activations.map(({ name, tensor }) => [name, tensor])),
    weights: rest.find(({ name }) => name === node.input[1] && hasWeights(node))?.tensor,
    expected,
  };
}

function hasWeights({ opType }: NodeProto): boolean {
  return opType === "Conv" || opType === "Gemm";
}

/** The largest difference of any output from what the test expects. */
function distance(found: Feeds, expected: Feeds): number {
  return Math.max(
    ...Object.entries(expected).map(([name, { dims, data }]) => {
      assertEquals(found[name]!.dims, dims);
      const values = data as Float32Array;
      return (found[name]!.data as Float32Array).reduce(
        (most, x, i) => Math.max(most, Math.abs(x - values[i]!)),
        0,
      );
    }),
  );
}

function folders(pattern: RegExp): string[] {
  return Array.from(Deno.readDirSync(NODE_TESTS), ({ name }) => name)
    .filter((name) => pattern.test(name)).sort();
}

const STATIC = new RegExp(
  "^test_(add|averagepool|basic_conv|clip|concat|conv|constant_pad|depthtospace|edge_pad|expand|" +
    "flatten|gather|gemm|globalaveragepool|leakyrelu|matmul|maxpool|mul|reflect_pad|relu|reshape|" +
    "resize|sigmoid|slice|softmax|split(?!_to)|squeeze|transpose|unsqueeze|where|wrap_pad)(_|$)",
);

/** What onnxruntime-web itself gives something else for than the standard. */
const DIFFERENT: ReadonlySet<string> = new Set([
  "test_resize_downsample_scales_cubic_align_corners",
  "test_resize_downsample_scales_linear_align_corners",
]);

Deno.test({
  name: "static int8 gives what the standard's own tests expect, within the error its scales imply",
  ignore: !isThere(NODE_TESTS),
  async fn() {
    let [integer, float] = [0, 0];
    for (const folder of folders(STATIC)) {
      const test = readTest(folder);
      if (!test || DIFFERENT.has(folder)) continue;
      const { model, feeds, weights, expected } = test;
      const mapping = qconfigMapping({
        // Scales imply the error where nothing is clipped.
        default: staticInt8({ activation: minMax, kernels: "any" }),
        int8Tensors: Object.keys(feeds),
      });
      const ranges = await calibrate(prepare(model, mapping), [feeds]);
      for (const format of ["QDQ", "QOperator"] as const) {
        const int8 = convert(model, mapping, ranges, { format });
        const found = distance(await run(int8, feeds), expected);
        const [{ form }] = int8.traces as [Trace];
        if (form === "float32") {
          float++;
          assert(found < 1e-4, `${folder}: ${int8.plan.rows[0]!.why}, yet differs by ${found}`);
          continue;
        }
        integer++;
        const [node] = model.graph.node as [NodeProto];
        const [x] = node.input as [string];
        const [y] = node.output as [string];
        const most = impliedError({
          opType: node.opType,
          inputs: Object.entries(feeds).map(([name, tensor]) => ({
            tensor,
            step: stepOf(int8, name),
          })),
          weights: weights && { tensor: weights, step: stepOf(int8, node.input[1]!) },
          step: stepOf(int8, node.opType === "Resize" ? x : y),
        });
        assert(
          found <= most,
          `${folder}, ${format}: differs by ${found}, expected ${most} at most`,
        );
      }
    }
    // Not empty words: most of these operators did run on integers.
    assert(integer > 5 * float, `${integer} on integers, ${float} not`);
  },
});

Deno.test({
  name:
    "dynamic recurrent layers stay within the implied error of what the standard's tests expect",
  ignore: !isThere(NODE_TESTS),
  async fn() {
    for (const folder of folders(/^test_(gru|lstm|rnn|simple_rnn)_/)) {
      const { model, feeds, expected } = readTest(folder)!;
      const mapping = qconfigMapping({ default: dynamicInt8(), onUnsupported: "float32" });
      const int8 = convert(model, mapping);
      if (folder === "test_lstm_batchwise") {
        // Neither runs it with the batch in front.
        assertEquals(
          int8.plan.rows[0]!.why,
          "default; stays float32: the int8 LSTM kernel has no batch-first layout; " +
            "weightOnly() makes it smaller",
        );
        continue;
      }
      const [, w, r] = model.graph.node[0]!.input as [string, string, string];
      const [x] = Object.values(feeds) as [Tensor];
      const most = impliedRecurrentError(x, stored(model, w)!, stored(model, r)!);
      const found = distance(await run(int8, feeds), expected);
      assertEquals(int8.traces[0]!.form, "dynamic");
      assert(found <= most, `${folder}: differs by ${found}, expected ${most} at most`);
    }
  },
});
