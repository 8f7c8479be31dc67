import assert from "node:assert/strict";
import { Model } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import type { RuntimeEnvironment } from "../../lib/runtime/runtime.ts";
import { RuntimeError } from "../../lib/runtime/runtime_errors.ts";
import { type MeasuredChoice, measureRuntimes } from "../../lib/task/measure_runtimes.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { partingRuntime } from "../profile/parting_runtime.ts";
import { pacedRuntime } from "./tiny.ts";

const model = parseModel("input x float32[2]; output y float32[2]; h = Exp(x); y = Neg(h)");
const float = new Model(
  parseModel("input x float32[2]; output y float32[2]; a = Exp(x); y = Neg(a)").proto,
  { name: "float.onnx" },
);
const subject = { model, float32: float, samples: [{ x: float32([2], [0, 1]) }] };

/** Milliseconds of the model's run and of a start, by binary; float32 takes 4 in all of them. */
const MS = {
  ...{ plain: { run: 1, start: 100 }, jsep: { run: 2, start: 300 } },
  ...{ asyncify: { run: 3, start: 200 }, jspi: { run: 1, start: 100 } },
};

function open({ binary, ort }: MeasuredChoice) {
  const { run, start } = MS[binary];
  const paced = pacedRuntime((one) => one === model ? run : 4);
  const runtime = binary === "asyncify" ? partingRuntime(paced, ["h", "y"]) : paced;
  return {
    ...runtime,
    environment: async (): Promise<RuntimeEnvironment> => {
      if (ort !== undefined) {
        throw new RuntimeError(`Cannot use ${ort}: no such release`, "net.onnx");
      }
      return { ...await paced.environment(), binary };
    },
    coldStart: () =>
      Promise.resolve({
        starts: [[{ startMs: start - 10, createMs: 10, firstMs: 1, heapBytes: 1 }]],
        clock: "thread" as const,
      }),
  };
}

Deno.test("measureRuntimes() holds each runtime that opens the model against the first of them", async () => {
  const choices: MeasuredChoice[] = [
    { binary: "plain", ort: "9.9.9" },
    { binary: "plain" },
    { binary: "jsep" },
    { binary: "asyncify" },
  ];
  const steps: string[] = [];
  const [none, plain, jsep, asyncify] = await measureRuntimes(subject, choices, {
    ...{ open, passes: 2, coldRounds: 1 },
    onProgress: (step) => steps.push(step),
  });
  assert.deepEqual(none, {
    ...{ release: "9.9.9", binary: "plain" },
    refused: "Cannot use 9.9.9: no such release",
  });
  assert.deepEqual([plain!.bits, jsep!.bits], ["same", "same"]);
  const parting = { model: float.name, node: "y", opType: "Neg", tensor: "y" };
  assert.deepEqual(asyncify!.bits, parting, "float32's h is called a");
  assert.deepEqual([plain!.ms, jsep!.ms, asyncify!.ms], [1, 2, 3]);
  assert.deepEqual([plain!.ratio?.value, jsep!.ratio?.value], [0.25, 0.5]);
  assert.deepEqual([jsep!.toFirst?.value, asyncify!.toFirst?.value], [2, 3]);
  assert.deepEqual([plain!.start?.ms, jsep!.start?.ms, jsep!.start?.ratio.value], [100, 300, 3]);
  assert.equal(steps.filter((step) => step.startsWith("timing it in onnxruntime-web")).length, 0);
});

Deno.test("measureRuntimes() tells what is executed otherwise than in the runtime before", async () => {
  const fused = parseModel("input x float32[2]; output y float32[2]; y = Log(x)");
  const profiled = (ms: number) => ({
    runs: [1 + ms],
    nodes: [["Conv", 1], ["Gemm", ms]].map(([opType, time], index) => ({
      ...{ name: `n${index}`, opType: opType as string, index, inputs: [], outputs: [] },
      ...{ executions: 1, ms: [time as number] },
    })),
  });
  const [plain, jsep] = await measureRuntimes(
    { model, samples: subject.samples },
    [{ binary: "plain" }, { binary: "jsep" }],
    {
      changes: true,
      passes: 1,
      open: (choice) => ({
        ...open(choice),
        optimized: () => Promise.resolve(choice.binary === "plain" ? model : fused),
        profile: () => Promise.resolve(profiled(choice.binary === "plain" ? 0.5 : 0.9)),
      }),
    },
  );
  assert.deepEqual([plain!.nodes, jsep!.nodes], [2, 1]);
  assert.equal(plain!.changes, undefined);
  assert.deepEqual(jsep!.changes?.map(({ opType }) => opType), ["Exp", "Neg", "Log"]);
  assert.equal(jsep!.kernel?.node, "n1");
  assert.equal(jsep!.ratio, undefined, "there is no float32 to hold it against");
});
