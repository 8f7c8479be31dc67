import { openOwnRuntime } from "../open_own_runtime.ts";
import { likeTheFirst } from "../../../lib/data/first_samples.ts";
import { profileModel } from "../../../lib/profile/profile_model.ts";
import { type Dataset, slice } from "../../../lib/data/dataset.ts";
import { noise } from "../../../lib/data/noise.ts";
import { sampleModel, visemes } from "../../../lib/data/visemes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { latencyRatio } from "../../../lib/evaluate/latency.ts";
import { valueTypes } from "../../../lib/onnx/graph.ts";
import type { Model } from "../../../lib/onnx/model.ts";
import { pngOf } from "../../../lib/report/png.ts";
import { profileSvg, showProfile } from "../../../lib/report/profile_display.ts";
import { machineLoad } from "../../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";
import type { DataConfig } from "../../../lib/config/data_config.ts";
import type { Estimate } from "../../../lib/record/metric_info.ts";
import { writeWhole } from "../../../lib/whole_file.ts";
import type { Feeds } from "../../../lib/tensor/tensor.ts";
import { flag, number, text } from "../command.ts";
import {
  DATA_HELP,
  READING,
  readingOf,
  readSamples,
  readShared,
  TOKENIZER_OPTION,
} from "../data.ts";
import { makeRoomFor } from "../out_file.ts";
import { readNetwork } from "../read_network.ts";
import { withConfig } from "../with_config.ts";
import { RUNTIME_OPTIONS, runtimeChoice } from "../runtime_options.ts";
import { script } from "../shell.ts";

const command = {
  name: "profile",
  summary:
    "Shows where the time of a model goes in onnxruntime-web: each node that is executed, with its " +
    "share, its shape and its rate, led back to the module it comes from.",
  operands: {
    model: {
      placeholder: "model.onnx",
      help: "the network, or the folder of one; without one, the bundled lip-reading sample",
      optional: true,
    },
  },
  options: {
    data: text("PATH", `${DATA_HELP}; a model of fixed shapes, but for the batch, can do without`),
    tokenizer: TOKENIZER_OPTION,
    config: READING,
    against: text("FILE", "another form of the model, an int8 one say: layers stand side by side"),
    chart: text("FILE", "draw it too, into a .svg or .png"),
    threads: number("N", "threads of the runtime; 1 by default", {
      ...{ integer: true, min: 1, max: 64 },
    }),
    ...RUNTIME_OPTIONS,
    json: flag("print all figures as JSON"),
  },
  examples: [
    "model.onnx --data samples.npz",
    "model.onnx --against model.int8.onnx --chart before-after.png",
  ],
} as const;

const main = script(command, async (line, { print, progress, signal }) => {
  const { operands } = line;
  const config = await readShared(line.options.config);
  const options = withConfig(line.options, config);
  const { chart, threads = 1, json } = options;
  if (chart !== undefined && !/\.(svg|png)$/i.test(chart)) {
    throw new UsageError(`--chart ${chart}: the name must end in .svg or .png`);
  }
  if (operands.model === undefined && options.data !== undefined) {
    throw new UsageError(`--data ${options.data} needs the model it is for`);
  }
  progress.update("reading model and samples");
  const model = operands.model === undefined
    ? await sampleModel()
    : await readNetwork(operands.model, { progress });
  const other = options.against === undefined
    ? undefined
    : await readNetwork(options.against, { progress });
  const samples = await takeSamples(
    model,
    operands.model,
    options.data,
    await readingOf(config, options, operands.model),
    progress.log,
  );

  if (chart !== undefined) await makeRoomFor(chart);
  await using runtime = await openOwnRuntime(
    { workers: 1, threads, ...runtimeChoice(options) },
    progress.log,
  );
  const measure = async (one: Model) => {
    progress.update(`timing the nodes of ${one.name}`);
    return await profileModel(one, samples, { runtime, signal });
  };
  const before = await measure(model);
  const beside = other && {
    profile: await measure(other),
    ratio: await ratioOf(model, other, samples, { runtime, signal }),
    load: machineLoad(),
  };
  if (chart !== undefined) {
    const svg = profileSvg(before, beside);
    await writeWhole(chart, /png$/i.test(chart) ? await pngOf(svg) : svg);
  }
  progress.close();
  await print(
    json
      ? JSON.stringify(
        beside ? { before, after: beside.profile, ratio: beside.ratio } : before,
        null,
        2,
      )
      : showProfile(before, beside).toString().trimEnd(),
  );
});

/** What the second takes of the first's time. */
async function ratioOf(
  model: Model,
  other: Model,
  samples: Dataset | readonly Feeds[],
  { runtime, signal }: { runtime: Runtime; signal: AbortSignal },
): Promise<Estimate> {
  const feeds = await likeTheFirst(samples, model.name);
  return latencyRatio(await runtime.times([model, other], feeds, { signal })).ratio;
}

async function takeSamples(
  model: Model,
  path: string | undefined,
  data: string | undefined,
  reading: DataConfig,
  say: (text: string) => void,
): Promise<Dataset | readonly Feeds[]> {
  if (path === undefined) return visemes({ calibration: 4, selection: 1, test: 1 }).calibration;
  const { inputs } = valueTypes(model.graph);
  return data === undefined
    ? [noise(inputs, model.name)]
    : slice(await readSamples(data, model, reading, say), 0, 4);
}

export default main;
