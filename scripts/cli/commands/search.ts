import { AT_LENGTHS_OPTION, lengthsOf } from "../at_lengths.ts";
import { SETS_OPTION } from "../sample_sets.ts";
import { fuse } from "../../../lib/passes/fuse.ts";
import { takeNetwork } from "../../../lib/quantize/take_network.ts";
import { writeReport } from "../../../lib/report/write_report.ts";
import { requireLayers } from "../../../lib/task/require_layers.ts";
import { search } from "../../../lib/task/run_search.ts";
import { number, RESUMES, text } from "../command.ts";
import { GENERATE_OPTION, READING, readingOf, readShared, TOKENIZER_OPTION } from "../data.ts";
import { followStudy } from "../follow_study.ts";
import { ownFolder } from "../model_folder.ts";
import { runtimeChoice } from "../runtime_options.ts";
import { readReference, REFERENCE_OPTION } from "../reference.ts";
import { script } from "../shell.ts";
import {
  commandLine,
  given,
  MODEL_OPERAND,
  objectiveOf,
  openSubject,
  requirePair,
  STUDY_OPTIONS,
  studyMetric,
} from "../study_data.ts";
import { WHY_OPTION } from "../why_option.ts";
import { withConfig } from "../with_config.ts";

const command = {
  name: "search",
  stopped: RESUMES,
  summary: "Finds the fastest (or smallest) model whose accuracy drops by no more than a budget: " +
    "measures what each form of each layer takes and costs, solves for the best mix, builds it, " +
    "measures it, and learns from that until the time is up. Writes report, models and record into " +
    "a folder; run again, it continues where it was stopped.",
  operands: {
    model: MODEL_OPERAND,
  },
  options: {
    data: SETS_OPTION,
    tokenizer: TOKENIZER_OPTION,
    generate: GENERATE_OPTION,
    atLengths: AT_LENGTHS_OPTION,
    config: READING,
    reference: REFERENCE_OPTION,
    minutes: number("M", "most minutes to spend; 10 by default", { min: 0.01 }),
    out: text("FOLDER", "where the study is kept; studies/NAME-search by default"),
    why: WHY_OPTION,
    ...STUDY_OPTIONS,
  },
  words: ["fused", "lowered", "static", "dynamic", "weightOnly", "front", "SQNR"],
  examples: [
    "--max-drop 0.5",
    "model.onnx --data samples.npz --minutes 30 --objective size",
    "model.onnx --data samples.npz --why /layer1/conv1/Conv",
    "model.onnx --data prefill=prefill.npz --data step=step.npz --at-lengths 16,128",
  ],
} as const;

const main = script(command, async (line, { args, signal, progress, print }) => {
  const { operands } = line;
  const config = await readShared(line.options.config);
  const options = withConfig(line.options, config);
  const { data } = options;
  requirePair(operands.model, data, "search");
  const objective = objectiveOf(options.objective);
  const metric = await studyMetric(options.metric);
  const folder = await ownFolder(operands.model);
  const { model, splits, name } = await openSubject({
    ...{ model: operands.model, data, reading: await readingOf(config, options, operands.model) },
    ...{ sizes: options, inOrder: options.inOrder },
  }, { progress });
  requireLayers(fuse(takeNetwork(model).network), options.why ?? []);
  const reference = await readReference(options.reference, { progress });
  const out = options.out ?? `studies/${name}-search`;

  const { maxDrop, atLeast, maxCreate, maxHeap, coldRounds, minutes } = options;
  const { threads, workers, fresh } = options;
  const running = search(model, splits, {
    ...given({ maxDrop, atLeast, maxCreate, maxHeap, coldRounds, minutes, objective }),
    ...given({ reference, threads, workers, fresh, atLengths: lengthsOf(options.atLengths) }),
    ...runtimeChoice(options),
    ...metric,
    ...{ out, signal, report: writeReport },
    command: commandLine("search", args),
  });
  const more = given({ why: options.why, model: folder });
  await followStudy(running, out, { print, progress }, options.json, more);
});

export default main;
