import { likeTheFirst } from "../data/first_samples.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import { timingConditions } from "../evaluate/timing_conditions.ts";
import type { Model } from "../onnx/model.ts";
import { undoInt8 } from "../passes/undo/undo_int8.ts";
import type { Latency } from "../record/trial_record.ts";
import { megabytes } from "../report/format.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { RuntimeError } from "../runtime/runtime_errors.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { chooseMended } from "./choose_mended.ts";
import { fastestForms, hasSameEnds, type MadeForm, plainForm } from "./mend_candidates.ts";
import { mendChanges } from "./mend_changes.ts";
import {
  areSameBits,
  decibelsBetween,
  isAsClose,
  type RunOutputs,
  runOutputs,
} from "./mend_closeness.ts";
import { mendInputs } from "./mend_inputs.ts";
import { mendNotes } from "./mend_notes.ts";
import type { MendCandidate, Mended } from "./mended.ts";
import type { MendOptions } from "./mend_options.ts";

/** What `mend()` does, in a runtime. */
export async function mendIn(
  runtime: Runtime,
  file: Model,
  options: MendOptions,
): Promise<Mended> {
  const { signal, onProgress = () => {} } = options;
  onProgress("reading what is int8");
  const undone = undoInt8(file);
  const inputs = await mendInputs(file, undone, options);
  const { layers, left } = undone;
  const plain = plainForm(undone);
  onProgress("comparing the file with float32");
  const given = await runOutputs(runtime, file, inputs, signal);
  const reference = await runOutputs(runtime, plain.model, inputs, signal);
  const closeness = decibelsBetween(reference, given);
  const all = [plain, ...await fastestForms(undone, inputs[0]!, runtime, options)];
  const judged: Judged[] = [];
  for (const made of all) {
    judged.push(await judge(made, { runtime, file, inputs, given, reference, closeness, signal }));
  }
  onProgress("measuring all of them in turns");
  const timed = await timeAll(runtime, file, judged, inputs, options);
  const bytes = file.bytes().length;
  const chosen = chooseMended(
    timed.filter(({ leftOut }) => leftOut === undefined)
      .map((one) => ({ ...one, ratio: one.latency!.ratio })),
    bytes,
  );
  const changes = chosen ? mendChanges(file, undone, { ...chosen.made, ...chosen }) : [];
  const mended: Omit<Mended, "notes"> = {
    ...(chosen && { model: chosen.made.model, form: chosen.form }),
    changes,
    latency: {
      ...(chosen && { result: chosen.latency, toFloat32: chosen.toFloat32 }),
      float32: timed[0]!.latency,
    },
    bytes: { file: bytes, ...(chosen && { result: chosen.bytes }) },
    closeness: { file: closeness, ...(chosen && { result: chosen.closeness }) },
    inputs: inputs.length,
    candidates: timed.map(({ form, bytes, closeness, latency, leftOut }) => ({
      ...{ form, bytes, closeness, latency },
      ...(leftOut !== undefined && { leftOut }),
    })),
    left,
  };
  const notes = mendNotes(mended, {
    ...{ file: file.name, layers: layers.length, isMadeUp: options.samples === undefined },
  });
  return { ...mended, notes };
}

/** A form with what is known of it before it is timed. */
interface Judged extends MendCandidate {
  readonly made: MadeForm;
  readonly sameBits: boolean;
  /** Signal over noise against the file itself, dB; undefined where it is no number. */
  readonly toFile: number | undefined;
}

interface Beside {
  readonly runtime: Runtime;
  readonly file: Model;
  readonly inputs: readonly Feeds[];
  /** What the file gives, and what float32 does with its weights. */
  readonly given: RunOutputs;
  readonly reference: RunOutputs;
  /** Of the file, dB. */
  readonly closeness: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Bytes of what a file may become for the sake of time, as a share of its own. */
const MOST_GROWTH = 1.25;

/** Growth that nobody waits for, whatever the share: the nodes that faster forms of a small network take. */
const FEW_BYTES = 65_536;

async function judge(made: MadeForm, beside: Beside): Promise<Judged> {
  const { runtime, file, inputs, given, reference, closeness: least, signal } = beside;
  const { form, model } = made;
  const bytes = model.bytes().length;
  const base = { form, made, bytes, sameBits: false, toFile: undefined };
  if (!hasSameEnds(model, file)) {
    return { ...base, leftOut: "its inputs or outputs are not those of the file" };
  }
  const before = file.bytes().length;
  if (bytes > Math.max(MOST_GROWTH * before, before + FEW_BYTES)) {
    return { ...base, leftOut: `it takes ${megabytes(bytes)}, and the file ${megabytes(before)}` };
  }
  try {
    const outputs = await runOutputs(runtime, model, inputs, signal);
    const closeness = decibelsBetween(reference, outputs);
    const sameBits = areSameBits(given, outputs);
    const known = { ...base, closeness, sameBits, toFile: decibelsBetween(given, outputs) };
    if (sameBits || isAsClose(closeness, least)) return known;
    return { ...known, leftOut: "it is not as close to float32 as the file is" };
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return { ...base, leftOut: `the runtime does not run it: ${error.message}` };
  }
}

interface Timed extends Judged {
  readonly toFloat32?: Latency;
}

/** Times the file and its forms in turns; the plain one in float32 even where it is left out for its size. */
async function timeAll(
  runtime: Runtime,
  file: Model,
  judged: readonly Judged[],
  inputs: readonly Feeds[],
  { rounds = 15, signal }: MendOptions,
): Promise<Timed[]> {
  const taking = judged.filter(({ leftOut }, i) => i === 0 || leftOut === undefined);
  const alike = await likeTheFirst(inputs, file.name);
  const models = [file, ...taking.map(({ made }) => made.model)];
  const times = await runtime.times(models, alike, { rounds, signal });
  const conditions = await timingConditions(runtime);
  const against = (candidate: number, baseline: number) =>
    latencyRatio(times, { candidate, baseline, ...conditions });
  return judged.map((one) => {
    const column = 1 + taking.indexOf(one);
    return column === 0
      ? one
      : { ...one, latency: against(column, 0), toFloat32: against(column, 1) };
  });
}
