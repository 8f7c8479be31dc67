import { join } from "node:path";
import { type Dataset, slice } from "../../lib/data/dataset.ts";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { UsageError, UserError } from "../../lib/errors.ts";
import { noise } from "../../lib/data/noise.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { undoInt8 } from "../../lib/passes/undo/undo_int8.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { mend } from "../../lib/task/run_mend.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import type { Bench, FormRow, MeanRow, TargetRow } from "./bench.ts";
import { writeWhole } from "../../lib/whole_file.ts";
import { askedNetworks } from "./networks.ts";
import { pooledSqnr } from "./pooled_sqnr.ts";

/** Samples whose outputs are held against those of float32. */
const COMPARED = 8;

/** How the files were made, unless `$OCTAVO_FORMS` says otherwise. */
const FORMS = ["dynamic", "static"];

/** What peers.py has written down: of a network, a form's file or why there is none. */
interface Peers {
  readonly networks: Readonly<Record<string, PeerNetwork>>;
}

interface PeerNetwork {
  /** Outputs that count; the others are states. @default {all} */
  readonly outputs?: readonly string[];
  readonly [form: string]: unknown;
}

/** An int8 file of another tool, with the float32 network that it was made from. */
interface PeerFile {
  readonly name: string;
  readonly form: string;
  readonly model: Model;
  readonly float32: Model;
  readonly data: Dataset;
  readonly outputs?: readonly string[];
}

/** Int8 files of other tools, as they are, turned back into float32 kernels, and mended. */
export const doctor: Bench = {
  name: "doctor",
  summary:
    "int8 files of other tools beside the float32 network, turned back into float32 kernels alone, " +
    "and as mend() makes them ($OCTAVO_PEERS: the folder that scripts/bench/peers.py fills; " +
    "$OCTAVO_NETWORKS: names; $OCTAVO_FORMS: dynamic, static, dynamic-u8; $OCTAVO_SAMPLES: 1, for " +
    "samples to mend() instead of made-up inputs; $OCTAVO_KEEP: a folder for what it makes)",
  async *run(signal) {
    const folder = Deno.env.get("OCTAVO_PEERS");
    if (folder === undefined) {
      console.error("doctor: left out, as $OCTAVO_PEERS names no folder of scripts/bench/peers.py");
      return;
    }
    const forms = Deno.env.get("OCTAVO_FORMS")?.split(",") ?? FORMS;
    const peers: Peers = JSON.parse(await Deno.readTextFile(join(folder, "peers.json")));
    for (const form of forms) {
      const rows: FormRow[] = [];
      for (const name of askedNetworks() ?? Object.keys(peers.networks).sort()) {
        const file = await peerFile(folder, peers, name, form);
        if (!file) continue;
        const isInt8 = undoInt8(file.model).layers.length > 0;
        if (!isInt8) console.error(`${name}.${form}: in no mean, as no layer of it is int8`);
        for (const row of await measureIfAble(file, signal)) {
          if (isInt8) rows.push(row);
          yield row;
        }
      }
      yield* summary(form, rows);
    }
  },
};

/** Reads a file and what belongs to it; undefined, and said, where the quantizer could not write it. */
async function peerFile(
  folder: string,
  { networks }: Peers,
  name: string,
  form: string,
): Promise<PeerFile | undefined> {
  const network = networks[name];
  if (!network) {
    throw new UsageError(`No "${name}" in peers.json; there are: ${Object.keys(networks)}`);
  }
  const made = network[form] as { readonly file?: string; readonly failed?: unknown } | undefined;
  if (made?.file === undefined) {
    const why = made?.failed ?? network["failed"] ?? "not in peers.json";
    console.error(`${name}.${form}: no file (${JSON.stringify(why)})`);
    return undefined;
  }
  const float32 = await readModel(join(folder, `${name}.onnx`));
  const test = await npzDataset(join(folder, `${name}.npz`), float32);
  return {
    ...{ name, form, float32 },
    model: await readModel(join(folder, made.file)),
    data: slice(test, 0, Math.min(COMPARED, test.length)),
    ...(network.outputs && { outputs: network.outputs }),
  };
}

/** What a row is about, and what it is held against. */
const FILE = "the file";
const UNDONE = "float32 kernels alone";
const MENDED = "mended";
const FLOAT32 = "float32";

/** Nothing, and why, where a file cannot be measured: the others are there all the same. */
async function measureIfAble(file: PeerFile, signal: AbortSignal): Promise<FormRow[]> {
  try {
    return await measure(file, signal);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`${file.name}.${file.form}: ${error.message}`);
    return [];
  }
}

/** All of a file in turns in one run: what it takes, and what becomes of it. */
async function measure(file: PeerFile, signal: AbortSignal): Promise<FormRow[]> {
  const { name, form, model, float32, data, outputs } = file;
  await using runtime = openRuntime({ workers: 1 });
  const mended = await mendFile(file, runtime, signal);
  const models = [float32, model, undoInt8(model).model];
  if (mended.model) models.push(mended.model);
  const times = await runtime.times(models, [await data.sample(0)], { signal });
  const bytes = models.map((one) => one.bytes().length);
  const sqnrs = await Promise.all(
    models.map((one) => pooledSqnr(one, float32, data, runtime, outputs)),
  );
  const column = new Map([FLOAT32, FILE, UNDONE, MENDED].map((of, i) => [of, i]));
  // Where nothing is to be mended, the file is what there is.
  if (!mended.model) column.set(MENDED, 1);
  const row = (what: string, against: string, note?: string): FormRow => {
    const [candidate, baseline] = [column.get(what)!, column.get(against)!];
    return {
      ...{ what: `${name}, ${form}: ${what}`, against },
      latency: latencyRatio(times, { baseline, candidate }),
      sqnr: sqnrs[candidate]!,
      size: bytes[candidate]! / bytes[baseline]!,
      ...(note !== undefined && { note }),
    };
  };
  return [
    row(FILE, FLOAT32),
    row(UNDONE, FILE),
    row(MENDED, FILE, `${mended.form ?? "nothing to mend"}, ${mended.seconds.toFixed(0)} s`),
    row(MENDED, FLOAT32),
    row(MENDED, UNDONE),
  ];
}

/** What mend() makes of a file, of which it knows no more than the shapes unless samples are asked for. */
async function mendFile(
  { name, form, model, data }: PeerFile,
  runtime: Runtime,
  signal: AbortSignal,
) {
  const hasSamples = Deno.env.get("OCTAVO_SAMPLES") === "1";
  const from = performance.now();
  const mended = await mend(model, {
    ...(hasSamples ? { samples: data } : { input: madeUp(model, await data.sample(0)) }),
    ...{ runtime, signal },
  });
  const seconds = (performance.now() - from) / 1000;
  for (const note of mended.notes) console.error(`${name}.${form}: ${note}`);
  const keep = Deno.env.get("OCTAVO_KEEP");
  if (keep !== undefined && mended.model) {
    await Deno.mkdir(keep, { recursive: true });
    await writeWhole(join(keep, `${name}.${form}.mended.onnx`), mended.model.bytes());
  }
  return { model: mended.model, form: mended.form, seconds };
}

/** Inputs that mean nothing, of the shapes of a sample. */
function madeUp({ graph, name }: Model, like: Feeds): Feeds {
  const inputs = valueTypes(graph).inputs.map((input) => ({
    ...input,
    dims: like[input.name]?.dims ?? input.dims,
  }));
  return noise(inputs, name);
}

/** What mended files may take of the files' own time in the mean, by how they were made. */
const MOST_OF_FILE: Readonly<Record<string, number>> = { dynamic: 0.32, static: 0.61 };

/** What they may take of the time of float32 kernels alone. */
const MOST_OF_UNDONE = 0.9;

/** Geometric means of the ratios, of each thing that was measured, and what is asked of them. */
function summary(form: string, rows: readonly FormRow[]): (MeanRow | TargetRow)[] {
  const of = (what: string, against: string) =>
    rows.filter((row) => row.against === against && row.what.endsWith(`, ${form}: ${what}`));
  const mended = of(MENDED, FILE);
  if (mended.length === 0) return [];
  const mean = (what: string, against: string): MeanRow => {
    const logs = of(what, against).map(({ latency }) => Math.log(latency.ratio.value));
    const value = Math.exp(logs.reduce((sum, one) => sum + one, 0) / logs.length);
    return { what: `all, ${form}: ${what}`, against, mean: value, networks: logs.length };
  };
  const most = ({ mean: value, ...row }: MeanRow, highest: number): TargetRow => ({
    ...row,
    ...{ value, target: { high: highest }, holds: value <= highest },
  });
  // Where the interval begins: what is slower by chance is not slower.
  const slowest = Math.max(...of(MENDED, FLOAT32).map(({ latency }) => latency.ratio.low));
  const lost = Math.max(...of(FILE, FLOAT32).map(({ sqnr }, i) => sqnr - mended[i]!.sqnr));
  const limit = MOST_OF_FILE[form];
  const slower = mean(MENDED, FLOAT32);
  return [
    mean(FILE, FLOAT32),
    mean(UNDONE, FILE),
    limit === undefined ? mean(MENDED, FILE) : most(mean(MENDED, FILE), limit),
    slower,
    most(mean(MENDED, UNDONE), MOST_OF_UNDONE),
    most({ ...slower, what: `slowest beyond doubt, ${form}: ${MENDED}`, mean: slowest }, 1),
    most({ ...slower, what: `most dB lost, ${form}: ${MENDED}`, against: FILE, mean: lost }, 0),
  ];
}
