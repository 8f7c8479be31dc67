import { join } from "node:path";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import { coldStartRatios } from "../../lib/evaluate/cold_start_ratios.ts";
import { slice } from "../../lib/data/dataset.ts";
import { readModel } from "../../lib/onnx/file.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { remakeTrial } from "../../lib/task/remake_trial.ts";
import { optimize } from "../../lib/task/run_optimize.ts";
import { search } from "../../lib/task/run_search.ts";
import { writeWhole } from "../../lib/whole_file.ts";
import type { Bench, BenchRow, FormRow } from "./bench.ts";
import { type FormNetwork, formNetworks } from "./form_networks.ts";
import { formsInPage } from "./forms_in_page.ts";
import { askedNetworks } from "./networks.ts";
import { pooledSqnr } from "./pooled_sqnr.ts";

/** What is made of a network. */
interface Form {
  readonly what: string;
  readonly model: Model;
}

/** Makes a form; undefined where there is none. */
type Make = (network: FormNetwork, signal: AbortSignal) => Promise<Form | undefined>;

/** Minutes of a search; `$OCTAVO_MINUTES` gives other ones. */
const MINUTES = 5;

/** Sessions of each form that are made in fresh workers. */
const COLD_ROUNDS = 6;

/** Samples whose outputs are held against those of the network as given. */
const COMPARED = 8;

/** The forms by the names that `$OCTAVO_FORMS` picks them by. */
const MAKES: Readonly<Record<string, Make>> = {
  exact: (network, signal) => exact(network, signal, Infinity),
  limited: (network, signal) => exact(network, signal),
  searched,
};

/** What the fastest exact form and the fastest within a budget of accuracy gain, and cost. */
export const forms: Bench = {
  name: "forms",
  summary:
    "each network as given beside its fastest exact form, without limits and within those that " +
    "hold by default, and what a search finds ($OCTAVO_NETWORKS: names; $OCTAVO_FORMS: exact, " +
    "limited, searched; $OCTAVO_MINUTES: minutes of a search, 5; $OCTAVO_KEEP: a folder for the " +
    "models; $OCTAVO_BESIDE: such a folder of another build, whose models take turns with these; " +
    "$OCTAVO_BROWSER: chromium, to time them in a page too, beside LiteRT.js where there is a " +
    "NAME.tflite in $OCTAVO_TFLITE)",
  async *run(signal) {
    const folder = await Deno.makeTempDir({ prefix: "octavo-forms-" });
    try {
      for await (const network of formNetworks(folder, askedNetworks())) {
        const made = await makeForms(network, signal);
        yield* measure(network, made, signal);
        if (Deno.env.has("OCTAVO_BROWSER")) yield* await formsInPage(network, made, folder);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** All forms that are asked for, with those of another build. */
async function makeForms(network: FormNetwork, signal: AbortSignal): Promise<Form[]> {
  const asked = Deno.env.get("OCTAVO_FORMS")?.split(",") ?? Object.keys(MAKES);
  const keep = Deno.env.get("OCTAVO_KEEP");
  const made: Form[] = [];
  for (const name of asked) {
    const form = await MAKES[name]?.(network, signal);
    if (!form) continue;
    made.push(form);
    if (keep === undefined) continue;
    await Deno.mkdir(keep, { recursive: true });
    await writeWhole(join(keep, `${network.name}.${name}.onnx`), form.model.bytes());
  }
  return [...made, ...await formsBeside(network.name)];
}

/** What another build has made of a network. */
async function formsBeside(name: string): Promise<Form[]> {
  const folder = Deno.env.get("OCTAVO_BESIDE");
  if (folder === undefined) return [];
  const files = await Array.fromAsync(Deno.readDir(folder), (file) => file.name);
  const own = files.filter((file) => file.startsWith(`${name}.`)).sort();
  return await Promise.all(own.map(async (file) => ({
    what: `another build's ${file.slice(name.length + 1)}`,
    model: await readModel(join(folder, file)),
  })));
}

/** @param limit Of creation and heap. @default {the library's own} */
async function exact(
  { model, data }: FormNetwork,
  signal: AbortSignal,
  limit?: number,
): Promise<Form> {
  const made = await optimize(model, [await data.splits.calibration.sample(0)], {
    qconfig: "float32",
    rounds: 7,
    ...(limit !== undefined && { maxCreate: limit, maxHeap: limit }),
    signal,
  });
  const what = `exact, ${limit === undefined ? "default limits" : "limits lifted"}`;
  return { what: made.model === model ? `${what}: as given` : what, model: made.model };
}

async function searched(
  { model, data }: FormNetwork,
  signal: AbortSignal,
): Promise<Form> {
  const { splits, metric, maxDrop } = data;
  const minutes = Number(Deno.env.get("OCTAVO_MINUTES") ?? MINUTES);
  const study = await search(model, splits, { metric, maxDrop, minutes, signal });
  const winner = study.trials.find(({ key }) => key === study.winner?.key);
  if (!winner) return { what: "searched: as given", model };
  return {
    what: `searched (${winner.name})`,
    model: await remakeTrial(model, splits, winner),
  };
}

async function* measure(
  { name, model, data }: FormNetwork,
  made: readonly Form[],
  signal: AbortSignal,
): AsyncGenerator<BenchRow> {
  await using runtime = openRuntime({ workers: 1 });
  const { test } = data.splits;
  const feeds = await test.sample(0);
  const models = [model, ...made.map((form) => form.model)];
  const times = await runtime.times(models, [feeds], { signal });
  const starts = await runtime.coldStart?.(models, feeds, { rounds: COLD_ROUNDS, signal });
  const bytes = models.map((one) => one.bytes().length);
  const compared = slice(test, 0, Math.min(COMPARED, test.length));
  for (const [index, form] of made.entries()) {
    const candidate = index + 1;
    const row: FormRow = {
      what: `${name}, ${form.what}`,
      against: "as given",
      latency: latencyRatio(times, { candidate }),
      sqnr: await pooledSqnr(form.model, model, compared, runtime, data.outputs),
      ...(starts && { start: coldStartRatios(starts, candidate) }),
      size: bytes[candidate]! / bytes[0]!,
    };
    yield row;
  }
}
