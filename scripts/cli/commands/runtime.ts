import { givenOf } from "../../../lib/quantize/take_network.ts";
import { UsageError, UserError } from "../../../lib/errors.ts";
import { BINARIES, type Binary } from "../../../lib/record/binary.ts";
import type { EntryLoad, RuntimeRow, RuntimeTable } from "../../../lib/record/runtime_table.ts";
import { VERIFIED_RUNTIME } from "../../../lib/record/verified_runtime.ts";
import { releaseTableText, runtimeTableText } from "../../../lib/report/show_runtimes.ts";
import { openRuntime } from "../../../lib/runtime/open_runtime.ts";
import { distOf } from "../../../lib/runtime/package_files.ts";
import { entryLoads } from "../../../lib/task/entry_loads.ts";
import { type MeasuredChoice, measureRuntimes } from "../../../lib/task/measure_runtimes.ts";
import { flag, number, text, texts } from "../command.ts";
import { DATA_HELP, READING, TOKENIZER_OPTION } from "../data.ts";
import { type FoundSubject, runtimeSubject } from "../runtime_subject.ts";
import { runtimeChoice } from "../runtime_options.ts";
import { script, type Shell } from "../shell.ts";

const command = {
  name: "runtime",
  summary:
    "Shows what serves a model in a page, measured here and now: what each import of onnxruntime-web makes a " +
    "page load, how long its binary takes to start, what the model takes in it and against the model it was made from, and " +
    "whether it gives the same bits; and says which import to write. With --releases, looks at releases in " +
    "place of binaries.",
  operands: {
    subject: {
      placeholder: "MODEL|STUDY",
      help: "a model's file, or a study's folder: its winner against the model as given; without " +
        "one, the bundled lip-reading sample",
      optional: true,
    },
  },
  options: {
    releases: text(
      "V,V,...",
      "compare these releases of npm's onnxruntime-web, as 1.29.0,1.30.0: whether they open the model, give " +
        "the same bits, what it takes, and what is executed otherwise",
    ),
    binary: text(
      "NAME",
      `only this binary, or these with commas between: ${
        BINARIES.join(", ")
      }; with --releases it is one, plain by ` +
        "default",
    ),
    runtime: text(
      "VERSION",
      `the onnxruntime-web whose binaries are compared; ${VERIFIED_RUNTIME} by default`,
    ),
    against: text(
      "FILE",
      "the network that the model's time is held against, float32 say; of a study it is its own",
    ),
    data: text("PATH", `${DATA_HELP}; inputs are made up without`),
    tokenizer: TOKENIZER_OPTION,
    config: READING,
    shape: texts(
      "INPUT=1,3,224,224",
      "shape of an input that is made up; once for each input that leaves dimensions open",
    ),
    threads: number("N", "threads of the runtime; 1 by default", {
      ...{ integer: true, min: 1, max: 64 },
    }),
    json: flag("print all figures as JSON"),
  },
  examples: [
    "studies/sample",
    "model.int8.onnx --against model.onnx --data samples.npz",
    "studies/sample --releases 1.26.0,1.29.0,1.30.0",
  ],
} as const;

const main = script(command, async ({ operands, options }, shell) => {
  const { print, progress } = shell;
  const { releases, binary, runtime, threads = 1, json } = options;
  const binaries = binary === undefined ? undefined : readBinaries(binary);
  const listed = releases === undefined ? undefined : readReleases(releases);
  if (listed && (runtime !== undefined || (binaries?.length ?? 1) > 1)) {
    throw new UsageError(
      "--releases takes one binary, and no --runtime: it names the releases itself",
    );
  }
  progress.update("reading model and samples");
  const subject = await runtimeSubject(
    { path: operands.subject, ...options },
    shell,
  );
  const rows = listed
    ? await releaseRows(subject, listed, binaries?.[0] ?? "plain", threads, shell)
    : await binaryRows(subject, binaries ?? BINARIES, runtime, threads, shell);
  const first = rows.find(({ refused }) => refused === undefined);
  if (!first) throw new UserError(rows.map(({ refused }) => refused).join("\n"));
  const record = await recordOf(subject, rows, threads);
  progress.close();
  const show = listed ? releaseTableText : runtimeTableText;
  await print(json ? JSON.stringify(record, null, 2) : show(record));
});

/** The binaries of one release, with what each import makes a page load. */
async function binaryRows(
  subject: FoundSubject,
  binaries: readonly Binary[],
  release: string | undefined,
  threads: number,
  { progress, signal }: Shell,
): Promise<RuntimeRow[]> {
  const choices = binaries.map((binary): MeasuredChoice => ({
    binary,
    ...(release !== undefined && { ort: release }),
  }));
  const onProgress = (step: string) => progress.update(step);
  const rows = await measureRuntimes(subject, choices, { threads, signal, onProgress });
  if (rows.every(({ refused }) => refused !== undefined)) return rows;
  const dist = distOf(release && moduleOf(release)); // a worker has loaded it by now
  if (!dist) return rows;
  const onFile = (file: string) => progress.update(`compressing ${file}`);
  const loads = await entryLoads({ dist, binaries, onProgress: onFile }).catch((error) => {
    if (!(error instanceof UserError)) throw error;
    progress.log(`What a page loads is not told: ${error.message}`); // no package lies around a module
    return new Map<Binary, EntryLoad[]>();
  });
  return rows.map((row) => {
    const own = loads.get(row.binary);
    return own ? { ...row, loads: own } : row;
  });
}

/** One binary of several releases. */
async function releaseRows(
  subject: FoundSubject,
  releases: readonly string[],
  binary: Binary,
  threads: number,
  { progress, signal }: Shell,
): Promise<RuntimeRow[]> {
  const choices = releases.map((release) => ({ binary, ort: release }));
  const onProgress = (step: string) => progress.update(step);
  return await measureRuntimes(subject, choices, { threads, changes: true, signal, onProgress });
}

async function recordOf(
  { model, float32, inputs }: FoundSubject,
  rows: RuntimeRow[],
  threads: number,
): Promise<RuntimeTable> {
  await using runtime = openRuntime({ workers: 0 });
  const { engine, machine } = await runtime.environment();
  const given = float32 && givenOf(float32);
  return {
    schema: 1,
    subject: {
      name: model.name,
      bytes: model.bytes().length,
      ...(float32 && { float32: float32.name }),
      ...(given && { given }),
      samples: inputs,
    },
    engine,
    // Which onnxruntime-web it is stands in the rows.
    machine: machine.replace(/; onnxruntime-web.*$/, ""),
    threads,
    rows,
  };
}

/** The binaries of a list with commas. */
function readBinaries(list: string): Binary[] {
  return list.split(",").map((binary) => runtimeChoice({ binary }).binary!);
}

/** A release as npm writes it. */
const RELEASE = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;

function readReleases(list: string): string[] {
  const releases = [...new Set(list.split(",").map((one) => one.trim()))];
  const wrong = releases.find((one) => !RELEASE.test(one));
  if (wrong === undefined) return releases;
  throw new UsageError(
    `--releases ${list}: "${wrong}" is no release; give versions with commas between, as 1.29.0,1.30.0`,
  );
}

/** What is imported: a release of npm's package, or the address of a module. */
function moduleOf(release: string): string {
  return RELEASE.test(release) ? `npm:onnxruntime-web@${release}` : release;
}

export default main;
