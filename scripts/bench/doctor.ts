import { join } from "node:path";
import { type Dataset, slice } from "../../lib/data/dataset.ts";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { UsageError } from "../../lib/errors.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { readModel } from "../../lib/onnx/file.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { undoInt8 } from "../../lib/passes/undo/undo_int8.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Bench, FormRow, MeanRow } from "./bench.ts";
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

/** Int8 files of other tools, as they are and turned back into float32 kernels. */
export const doctor: Bench = {
  name: "doctor",
  summary:
    "int8 files of other tools beside the float32 network and beside float32 kernels alone " +
    "($OCTAVO_PEERS: the folder that scripts/bench/peers.py fills; $OCTAVO_NETWORKS: names; " +
    "$OCTAVO_FORMS: dynamic, static, dynamic-u8)",
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
        for (const row of file ? await measure(file, signal) : []) {
          rows.push(row);
          yield row;
        }
      }
      yield* means(form, rows);
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

/** The file against float32, and float32 kernels against the file: all in turns in one run. */
async function measure(file: PeerFile, signal: AbortSignal): Promise<FormRow[]> {
  const { name, form, model, float32, data, outputs } = file;
  await using runtime = openRuntime({ workers: 1 });
  const models = [float32, model, undoInt8(model).model];
  const times = await runtime.times(models, [await data.sample(0)], { signal });
  const bytes = models.map((one) => one.bytes().length);
  const row = async (what: string, against: string, candidate: number, baseline: number) => ({
    what: `${name}, ${form}: ${what}`,
    against,
    latency: latencyRatio(times, { baseline, candidate }),
    sqnr: await pooledSqnr(models[candidate]!, float32, data, runtime, outputs),
    size: bytes[candidate]! / bytes[baseline]!,
  });
  return [
    await row(FILE, "float32", 1, 0),
    await row(UNDONE, "the file", 2, 1),
  ];
}

const FILE = "the file";
const UNDONE = "float32 kernels alone";

/** Geometric means of the ratios, of each thing that was measured. */
function means(form: string, rows: readonly FormRow[]): MeanRow[] {
  return [FILE, UNDONE].flatMap((what) => {
    const own = rows.filter((row) => row.what.endsWith(`, ${form}: ${what}`));
    if (own.length === 0) return [];
    const logs = own.map(({ latency }) => Math.log(latency.ratio.value));
    const mean = Math.exp(logs.reduce((sum, one) => sum + one, 0) / own.length);
    const { against } = own[0]!;
    return [{ what: `all, ${form}: ${what}`, against, mean, networks: own.length }];
  });
}
