import { withoutExporterMetadata } from "../onnx/exporter_metadata.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { Undone } from "../passes/undo/undo_int8.ts";
import { convert } from "../quantize/convert.ts";
import { qconfigMapping } from "../quantize/mapping.ts";
import { float32 } from "../quantize/qconfig.ts";
import type { QuantizedModel, Trace } from "../quantize/quantized_model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { formsOfFile } from "./file_forms.ts";
import type { MendForm } from "./mended.ts";
import type { MendOptions } from "./mend_options.ts";
import { buildOfFile } from "./optimize_work.ts";

/** What a file could be made into. */
export interface MadeForm {
  readonly form: MendForm;
  readonly model: Model;
  /** What became of the nodes of the network in float32. */
  readonly traces: readonly Trace[];
}

/** All operators in float32, with the integers of the file as weights. */
export function plainForm({ model }: Undone): MadeForm {
  return made("float32", convert(model, qconfigMapping({ default: float32 })));
}

/** What takes least, without rounding more than the file does; with samples also what takes least of all. */
export async function fastestForms(
  undone: Undone,
  feeds: Feeds,
  runtime: Runtime,
  options: MendOptions,
): Promise<MadeForm[]> {
  const { samples, onProgress = () => {} } = options;
  const context = { ...options, runtime, onProgress };
  const restricted = await buildOfFile(undone.model, [feeds], formsOfFile(undone), context);
  const forms = [made("exact", restricted.float32), made("mixed", restricted.built)];
  if (!samples) return forms;
  onProgress("looking what int8 takes where the file has none");
  const { ranges } = undone;
  const all = await buildOfFile(undone.model, samples, { ranges, isRestricted: false }, context);
  return [...forms, made("optimized", all.built)];
}

function made(form: MendForm, model: QuantizedModel): MadeForm {
  return { form, model: withoutExporterMetadata(model), traces: model.traces };
}

/** Whether a model takes and gives what another does, by name and type, in this order. */
export function hasSameEnds(model: Model, other: Model): boolean {
  const ends = ({ graph }: Model) => {
    const { inputs, outputs } = valueTypes(graph);
    return JSON.stringify(
      [inputs, outputs].map((all) => all.map(({ name, type }) => [name, type])),
    );
  };
  return ends(model) === ends(other);
}
