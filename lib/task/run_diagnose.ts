import { JUPYTER_DISPLAY, type MimeBundle } from "../display.ts";
import type { Model } from "../onnx/model.ts";
import type { DiagnosisRecord } from "../record/diagnosis_record.ts";
import { diagnosisText } from "../report/diagnosis_text.ts";
import type { ShownLater } from "../report/shown.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { DiagnoseOptions } from "./diagnose_options.ts";

/**
 * What a file costs, and why. Shows itself in a notebook, and prints as a page of findings.
 * @category Measuring (advanced)
 */
export class Diagnosis implements ShownLater {
  /** Plain JSON: each finding with its milliseconds. */
  readonly record: DiagnosisRecord;

  /** Shows a diagnosis that was stored: `new Diagnosis(JSON.parse(text))`. */
  constructor(record: DiagnosisRecord) {
    this.record = record;
  }

  /** The page as text. */
  toString(): string {
    return diagnosisText(this.record);
  }

  /** @ignore */
  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    const { showDiagnosis } = await import("../report/diagnosis_display.ts");
    return showDiagnosis(this.record)[JUPYTER_DISPLAY]();
  }
}

/**
 * Says what a file costs on onnxruntime-web's WASM kernels and why: which of its int8 layers are slower than
 * the same layers in float32, which operators have a faster form, and what of its bytes nobody needs. The
 * file is timed beside the same network in float32 kernels, as a whole in turns and node by node.
 *
 * Its int8 may be another tool's: QDQ, QOperator, dynamic, or of weights alone.
 *
 * @throws {UserError} If the inputs leave their shapes open and no samples are given, or the runtime does not
 * run the file.
 * @example
 * ```ts
 * import { diagnose, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const file = parseModel(`
 *   input x float32[1, 2]
 *   output y float32[1, 1]
 *   tensor w int8[2, 1] = [64, -127]
 *   tensor scale float32[] = [0.01]
 *   float = DequantizeLinear(w, scale)
 *   y = MatMul(x, float)`);
 * const { record } = await diagnose(file, { rounds: 3 });
 * assert.equal(record.int8Layers, 1);
 * ```
 * @category Measuring (advanced)
 */
export async function diagnose(model: Model, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { runtime, threads = 1, ort, binary } = options;
  const { diagnoseIn } = await import("./diagnose_work.ts");
  if (runtime) return new Diagnosis(await diagnoseIn(runtime, model, options));
  await using own = openRuntime({ workers: 1, threads, ort, binary });
  return new Diagnosis(await diagnoseIn(own, model, options));
}
