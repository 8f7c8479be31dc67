import { basename } from "node:path";
import type { DataConfig } from "../../../lib/config/data_config.ts";
import { noise } from "../../../lib/data/noise.ts";
import { usualLengths } from "../../../lib/data/text/usual_lengths.ts";
import { UsageError } from "../../../lib/errors.ts";
import { downloadSizes } from "../../../lib/evaluate/download_sizes.ts";
import { valueTypes } from "../../../lib/onnx/graph.ts";
import { decodeModel, type Model } from "../../../lib/onnx/model.ts";
import { diagnosisText } from "../../../lib/report/diagnosis_text.ts";
import type { Mended } from "../../../lib/task/mended.ts";
import type { MendOptions } from "../../../lib/task/mend_options.ts";
import { diagnose } from "../../../lib/task/run_diagnose.ts";
import { mend } from "../../../lib/task/run_mend.ts";
import type { ValueType } from "../../../lib/tensor/tensor.ts";
import { withShapes } from "../asked_shapes.ts";
import { readingOf, readSamples, readShared } from "../data.ts";
import { openOwnRuntime } from "../open_own_runtime.ts";
import { makeRoomFor, requireOut } from "../out_file.ts";
import { modelFolder } from "../model_folder.ts";
import { readNetwork } from "../read_network.ts";
import { runtimeChoice } from "../runtime_options.ts";
import type { Shell } from "../shell.ts";
import { withConfig } from "../with_config.ts";
import { type WrittenFile, writtenNote } from "../written_note.ts";
import { mendedText } from "./mended_text.ts";

/** What was typed of a file. */
export interface DiagnoseFileOptions {
  readonly out: string | undefined;
  readonly data: string | undefined;
  readonly tokenizer: string | undefined;
  readonly config: string | undefined;
  readonly shape: readonly string[] | undefined;
  readonly threads: number | undefined;
  readonly runtime: string | undefined;
  readonly binary: string | undefined;
  readonly fresh: boolean;
  readonly json: boolean;
}

/** Prints what a file costs and why, and writes a better one where that is asked for and there is one. */
export async function diagnoseFile(
  path: string,
  typed: DiagnoseFileOptions,
  shell: Shell,
): Promise<void> {
  const { print, progress, signal } = shell;
  const config = await readShared(typed.config);
  const options = withConfig(typed, config);
  const { threads = 1, json, fresh } = options;
  const out = options.out === undefined ? undefined : await placeFor(options.out, path);
  progress.update("reading model and samples");
  const model = await readNetwork(path, shell);
  const feeding = await feedingOf(model, options, await readingOf(config, options, path), shell);
  if (out !== undefined) await makeRoomFor(out);
  await using runtime = await openOwnRuntime(
    { workers: 1, threads, ...runtimeChoice(options) },
    progress.log,
  );
  const onProgress = (step: string) => progress.update(step);
  const diagnosis = await diagnose(model, { runtime, ...feeding, signal, onProgress });
  const { record } = diagnosis;
  if (out === undefined || !json) {
    progress.close();
    const page = () => diagnosisText(record, { next: out === undefined });
    await print(json ? JSON.stringify(record, null, 2) : page());
  }
  if (out === undefined) return;
  const mended = await mend(model, { runtime, ...feeding, fresh, signal, onProgress });
  const written = mended.model && await write(out, mended.model);
  progress.close();
  await print(
    json
      ? JSON.stringify({ ...record, mended: recordOf(mended), written }, null, 2)
      : `\n${mendedText(mended)}\n${written ? writtenNote(written, model) : nothingNote(out)}`,
  );
}

function nothingNote(out: string): string {
  return `Nothing was written to ${out}: the file is best as it is.`;
}

/** The file to write to, which may not be the one that is read. */
async function placeFor(out: string, path: string): Promise<string> {
  return requireOut(out, (await modelFolder(path))?.model ?? path, "better.onnx");
}

/** Samples, or one input that is made up. */
async function feedingOf(
  model: Model,
  { data, shape = [] }: Pick<DiagnoseFileOptions, "data" | "shape">,
  reading: DataConfig,
  { progress }: Shell,
): Promise<Pick<MendOptions, "samples" | "input">> {
  if (data === undefined) {
    const fill = (inputs: readonly ValueType[]) => {
      const { inputs: all, filled, tokens } = usualLengths(inputs);
      if (filled.length > 0) progress.log(lengthNote(filled, tokens));
      return all;
    };
    const inputs = withShapes(valueTypes(model.graph).inputs, shape, model.name, fill);
    return { input: noise(inputs, model.name) };
  }
  if (shape.length > 0) throw new UsageError("Samples have shapes: leave out --shape, or --data");
  return { samples: await readSamples(data, model, reading, progress.log) };
}

function lengthNote(inputs: readonly string[], tokens: number): string {
  return `The file leaves the length of ${inputs.join(", ")} open: ${tokens} tokens are taken; ` +
    `--shape ${inputs[0]}=1,64 takes 64.`;
}

async function write(out: string, model: Model): Promise<WrittenFile> {
  const better = decodeModel(model.bytes(), basename(out));
  await better.save(out);
  const bytes = better.bytes();
  return { file: out, bytes: bytes.length, download: await downloadSizes(bytes) };
}

function recordOf({ model: _, ...record }: Mended): Omit<Mended, "model"> {
  return record;
}
