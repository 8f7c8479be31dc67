import { join } from "node:path";
import { commandName } from "../../lib/command_name.ts";
import { UserError } from "../../lib/errors.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Study } from "../../lib/record/study_record.ts";
import { sha256Hex } from "../../lib/ship/self_test.js";
import { BEST_MODEL } from "../../lib/study/files.ts";
import { readStudy } from "../../lib/study/open_study.ts";
import type { ValueType } from "../../lib/tensor/tensor.ts";
import { readUserFile } from "../../lib/user_file.ts";
import { meansStudy, studyFolder } from "./find_study.ts";
import { readNetwork } from "./read_network.ts";
import type { Shell } from "./shell.ts";

/** What a canary is of. */
export interface CanarySubject {
  readonly path: string;
  readonly model: Model;
  /** The model's file. */
  readonly file: Uint8Array;
  /** The study whose winner it is. */
  readonly study?: Study;
  /** What it takes, with the shapes that the study ran it on. */
  readonly inputs: readonly ValueType[];
}

/**
 * The model that a path means: a file, or the winner of a study's folder.
 *
 * @throws {UserError} If a study has no winner, or its file is not the one that was measured.
 */
export async function canarySubject(path: string, shell: Shell): Promise<CanarySubject> {
  if (!await meansStudy(path)) return await modelSubject(path, shell);
  const folder = await studyFolder(path);
  const study = await readStudy(folder);
  const winner = study.trials.find(({ key }) => key === study.winner?.key);
  if (winner === undefined) {
    throw new UserError(
      `Cannot make a canary of ${folder}: the study has no winner; run it to its end, or name a model's ` +
        `file: ${commandName("canary")} model.onnx`,
    );
  }
  const subject = await modelSubject(join(folder, winner.file ?? BEST_MODEL), shell);
  if (winner.modelHash !== undefined && sha256Hex(subject.file) !== winner.modelHash) {
    throw new UserError(
      `Cannot make a canary of ${folder}: ${subject.path} is not the file that was measured; run the ` +
        "study's command again, which writes it anew",
    );
  }
  const shapes = study.profiles?.after.inputs ?? {};
  const inputs = subject.inputs.map((input) => ({
    ...input,
    dims: shapes[input.name] ?? input.dims,
  }));
  return { ...subject, study, inputs: inputs as ValueType[] };
}

async function modelSubject(path: string, shell: Shell): Promise<CanarySubject> {
  const model = await readNetwork(path, shell);
  const { inputs } = valueTypes(model.graph);
  return { path, model, file: await readUserFile(path), inputs };
}
