import { histogram } from "../calibrate/l2_histogram.ts";
import { nearest, UserError } from "../errors.ts";
import { type QConfigMapping, qconfigMapping } from "./mapping.ts";
import { perChannel, perTensor, type QConfig, staticInt8, weightOnly } from "./qconfig.ts";

/**
 * Name of a preset: `wasm` is for onnxruntime-web, the others do what PyTorch's default qconfig of that
 * name does. See {@linkcode defaultQConfigMapping}.
 * @category QConfigs
 */
export type Preset = "wasm" | "fbgemm" | "x86" | "qnnpack" | "onednn";

/** All of them. */
export const PRESETS: readonly Preset[] = ["wasm", "fbgemm", "x86", "qnnpack", "onednn"];

/** Whether there is a preset of this name. */
export function isPreset(name: string): name is Preset {
  return PRESETS.some((preset) => preset === name);
}

/**
 * The qconfig of a backend, by name.
 *
 * See {@linkcode defaultQConfigMapping} for what each takes.
 *
 * @throws {UserError} If there is no preset of that name; the message has the nearest.
 * @see {@link https://docs.pytorch.org/docs/stable/quantization-support.html | PyTorch}, `get_default_qconfig`
 * @example PyTorch: `model.qconfig = torch.quantization.get_default_qconfig("fbgemm")`
 * ```ts
 * import { defaultQConfig } from "./presets.ts";
 * import { describeQConfig } from "./qconfig.ts";
 * import assert from "node:assert/strict";
 * assert.equal(
 *   describeQConfig(defaultQConfig("fbgemm")),
 *   "static (histogram, per-channel, reduced range, any kernel)",
 * );
 * ```
 */
export function defaultQConfig(preset: Preset | (string & Record<never, never>) = "wasm"): QConfig {
  switch (preset) {
    case "wasm":
      return staticInt8({ otherwise: weightOnly() });
    case "fbgemm":
    case "x86":
      return fromPyTorch({ weight: perChannel, reduceRange: true });
    case "onednn":
      return fromPyTorch({ weight: perChannel });
    case "qnnpack":
      return fromPyTorch({ weight: perTensor });
    default:
      throw unknownPreset(preset);
  }
}

/**
 * The mapping that gives every node the qconfig of a backend.
 *
 * | name | activations | weights | for |
 * |---|---|---|---|
 * | `wasm` | uint8, all 256 steps | int8 per channel | onnxruntime-web: static where that is faster than float32, and everything else that has weights weight-only |
 * | `fbgemm`, `x86` | uint8, 128 steps (`reduce_range`) | int8 per channel | comparison with PyTorch on servers |
 * | `onednn` | uint8, all 256 steps | int8 per channel | the same, with VNNI |
 * | `qnnpack` | uint8, all 256 steps | int8 per tensor | comparison with PyTorch on phones |
 *
 * PyTorch's take their ranges from its HistogramObserver and quantize all that has a kernel, be it
 * slower on WASM. They are near to PyTorch's, not equal to the bit: its symmetric weights are divided by
 * 127.5, the kernels here want them divided by 127.
 *
 * Exceptions are rules of one's own:
 * `qconfigMapping({ default: defaultQConfigMapping("wasm").default, rules: [["front3D", float32]] })`.
 *
 * @param preset Name of the backend, as above. @default {"wasm"}
 * @throws {UserError} If there is no preset of that name; the message has the nearest.
 * @see {@link https://docs.pytorch.org/docs/stable/quantization-support.html | PyTorch}, `get_default_qconfig_mapping`
 * @example
 * ```ts
 * import { defaultQConfigMapping } from "octavo";
 * import assert from "node:assert/strict";
 * const { default: qconfig, rules } = defaultQConfigMapping("wasm");
 * assert.ok(qconfig.kind === "static" && qconfig.otherwise.kind === "weightOnly");
 * assert.deepEqual(rules, []);
 * assert.throws(() => defaultQConfigMapping("qnpack" as "qnnpack"), /did you mean "qnnpack"/);
 * ```
 * @category QConfigs
 */
export function defaultQConfigMapping(preset: Preset = "wasm"): QConfigMapping {
  return qconfigMapping({ default: defaultQConfig(preset) });
}

function fromPyTorch(options: { weight: typeof perChannel; reduceRange?: boolean }): QConfig {
  return staticInt8({ ...options, activation: histogram, kernels: "any" });
}

function unknownPreset(name: string): UserError {
  const [near] = nearest(name, PRESETS);
  return new UserError(
    `Unknown preset "${name}": ` +
      (near ? `did you mean "${near}"?` : `there are ${PRESETS.join(", ")}`),
  );
}
