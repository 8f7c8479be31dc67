import { infoOf } from "../../lib/evaluate/metric.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import type { AblatedLayer, AblationRecord, Effect } from "../../lib/record/ablation_record.ts";
import { around } from "./fixture.ts";

/** An effect on 400 samples: a difference in points within ±0.4, an SQNR within ±1 dB. */
function effectOf(difference: number, dB: number): Effect {
  return {
    run: 120,
    samples: 400,
    value: around(94 + difference, 2, 400),
    difference: around(difference, 0.4, 400),
    sqnr: dB === 150 ? around(150, 0, 400) : around(dB, 1, 400),
  };
}

function layerOf(
  name: string,
  only: Effect,
  allBut: Effect,
  ms: AblatedLayer["ms"],
  why = "",
): AblatedLayer {
  return {
    ...{ name: `/${name}/Conv`, path: name, ops: ["Conv", "Relu"], nodes: [`/${name}/Conv`] },
    ...{ qconfig: "static", only, allBut, tensors: [], why },
    ...(ms && { ms }),
  };
}

/** Three layers in int8: one that costs, one that does not, one that changes nothing at all. */
export function ablationOf(changes: Partial<AblationRecord> = {}): AblationRecord {
  return {
    schema: 1,
    title: "lipnet",
    model: { name: "lipnet.onnx", hash: "3f".repeat(32), bytes: 7_620_000 },
    data: {
      name: "visemes",
      splits: [{ name: "selection", samples: 400, hash: "bb".repeat(32) }],
    },
    metric: infoOf(top1()),
    baseline: around(94, 2, 400),
    int8: effectOf(-1.5, 21.3),
    layers: [
      layerOf("conv1", effectOf(0.1, 38.2), effectOf(-1.2, 22), { float32: 4, int8: 1.5 }),
      layerOf(
        "conv2",
        effectOf(-1.1, 24.6),
        effectOf(-0.2, 36.1),
        { float32: 2, int8: 2.5 },
        "outliers take its range; try another observer",
      ),
      layerOf("fc", effectOf(0, 150), effectOf(-1.5, 21.4), undefined),
    ],
    tensors: [{
      ...{ name: "/conv1/Relu_output_0", node: "/conv1/Relu", own: 40.12, accumulated: 150 },
      spread: { min: 0, max: 12.5, kurtosis: 3.21, bulk: 0.31 },
    }],
    pairs: [{
      layers: ["conv1", "conv2"],
      together: effectOf(-1.3, 24),
      ...{ interaction: -0.3, noise: 0.4 },
    }],
    leftOut: [{ node: "/gru/GRU", opType: "GRU", why: "no int8 kernel" }],
    cost: { seconds: 12, runs: 900, plainRuns: 2800, reused: 2 },
    timing: { threads: 1, machine: "4-core x86-64", drifted: false },
    stopped: false,
    provenance: {
      command: "deno task ablate lipnet.onnx --data clips.npz",
      versions: { octavo: "0.1.0", "onnxruntime-web": "1.30.0" },
      options: { pairs: 3 },
    },
    ...changes,
  };
}

/** The same judged by SQNR, on which an effect says nothing beside the outputs' own. */
export function sqnrAblation(): AblationRecord {
  const of = (effect: Effect, against = 150): Effect => ({
    ...effect,
    value: effect.sqnr!,
    difference: around(effect.sqnr!.value - against, 1, 400),
  });
  const record = ablationOf({ metric: infoOf(sqnr()), baseline: around(150, 0, 400), pairs: [] });
  return {
    ...record,
    int8: of(record.int8!),
    layers: record.layers.map((layer) => ({
      ...layer,
      only: of(layer.only!),
      allBut: of(layer.allBut!, record.int8!.sqnr!.value),
    })),
  };
}
