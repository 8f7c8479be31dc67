import { table } from "../lib/display.ts";
import { nearest, UsageError, UserError } from "../lib/errors.ts";
import { openRuntime } from "../lib/runtime/open_runtime.ts";
import { factorInterval } from "../lib/report/format.ts";
import type { Compared } from "../lib/record/cold_start.ts";
import type { RuntimeOptions } from "../lib/runtime/runtime.ts";
import type { Bench, BenchRow, EntryRow, FormRow, NodesRow } from "./bench/bench.ts";
import { ablation } from "./bench/ablation.ts";
import { binaries } from "./bench/binaries.ts";
import { calibration } from "./bench/calibration.ts";
import { conversion } from "./bench/conversion.ts";
import { creation } from "./bench/creation.ts";
import { doctor } from "./bench/doctor.ts";
import { facts } from "./bench/facts.ts";
import { forms } from "./bench/forms.ts";
import { imports } from "./bench/imports.ts";
import { latency } from "./bench/latency.ts";
import { modelIo } from "./bench/model_io.ts";
import { nodes } from "./bench/nodes.ts";
import { placement, placements } from "./bench/placement.ts";
import { prediction } from "./bench/prediction.ts";
import { searches } from "./bench/search.ts";
import { flag } from "./cli/command.ts";
import { RUNTIME_OPTIONS, runtimeChoice } from "./cli/runtime_options.ts";
import { runScript, script } from "./cli/shell.ts";

const benches: readonly Bench[] = [
  ablation,
  modelIo,
  calibration,
  conversion,
  creation,
  prediction,
  placement,
  placements,
  searches,
  latency,
  forms,
  facts,
  nodes,
  binaries,
  imports,
  doctor,
];

/** Names of the benches that can measure in another runtime. */
const takers = benches.filter(({ takesRuntime }) => takesRuntime).map(({ name }) => name);

const command = {
  name: "bench",
  summary: "Measures the speed of Octavo itself. Ratios are medians over rounds in which both " +
    "sides took turns, with a 95 % interval; the other figures are of this machine on this day.",
  operands: {
    names: {
      placeholder: "name",
      help: benches.map(({ name, summary }) => `${name}: ${summary}`).join("; "),
      optional: true,
      rest: true,
    },
  },
  options: {
    json: flag("print the measurements as JSON"),
    ...RUNTIME_OPTIONS,
  },
  examples: ["", "model-io --json", "facts --runtime 1.29.0 --binary jsep"],
} as const;

const main = script(command, async ({ operands, options }, { print, progress, signal }) => {
  const chosen = chooseBenches(operands.names);
  const asked = askedRuntime(options, chosen);
  const rows: (BenchRow & { bench: string })[] = [];
  if (options.json) await print('{ "rows": [');
  for (const { name, run } of chosen) {
    progress.update(name);
    for await (const row of run(signal, asked)) {
      rows.push({ bench: name, ...row });
      // So that what was measured is there even if the next one never ends.
      if (options.json) {
        await print(`${rows.length === 1 ? " " : ","} ${JSON.stringify(rows.at(-1))}`);
      }
      progress.update(`${name}: ${row.what}`);
    }
  }
  await using runtime = openRuntime(asked);
  const { machine, versions } = await runtime.environment();
  await print(
    options.json
      ? `], ${JSON.stringify({ machine, versions }).slice(1)}`
      : `${machine}\n\n${table(rows.map(tableRow))}`,
  );
  requireFacts(rows);
});

/** The runtime that was asked for; none where nothing was, so that each bench takes its own. */
function askedRuntime(
  options: { readonly runtime?: string; readonly binary?: string },
  chosen: readonly Bench[],
): RuntimeOptions {
  const asked = runtimeChoice(options);
  if (Object.keys(asked).length === 0) return asked;
  const deaf = chosen.filter(({ takesRuntime }) => !takesRuntime).map(({ name }) => name);
  if (deaf.length > 0) {
    throw new UsageError(
      `--runtime and --binary are for ${takers.join(", ")}: ${deaf.join(", ")} measure${
        deaf.length === 1 ? "s" : ""
      } in Octavo's own runtime`,
    );
  }
  return asked;
}

/** Ends with an error where a rule that the code relies on does not hold. */
function requireFacts(rows: readonly BenchRow[]): void {
  const broken = rows.flatMap((row) => "expected" in row && !row.holds ? [row] : []);
  if (broken.length === 0) return;
  const lines = broken.map(({ what, against, reliedOnBy }) =>
    `- ${what}: ${against} (${reliedOnBy.join(", ")})`
  );
  throw new UserError(
    `Of the rules about kernels that Octavo relies on, ${broken.length} no longer ${
      broken.length === 1 ? "holds" : "hold"
    } in this runtime:\n${lines.join("\n")}`,
  );
}

/** The benches of these names; all, if there is none. */
function chooseBenches(names: readonly string[]): readonly Bench[] {
  if (names.length === 0) return benches;
  const known = new Map(benches.map((bench) => [bench.name, bench]));
  return names.map((name) => {
    const bench = known.get(name);
    if (bench) return bench;
    const [near] = nearest(name, known.keys());
    throw new UsageError(
      `Unknown bench "${name}"${near ? `: did you mean ${near}?` : ""}\n` +
        `There are: ${[...known.keys()].join(", ")}`,
    );
  });
}

function tableRow(row: BenchRow & { bench: string }) {
  const { bench, what, against } = row;
  if ("peak" in row) {
    const ratio = digits(row.peak / row.peakAgainst);
    return { bench, what, median: `${digits(row.peak / 1e6)} MB`, against, ratio };
  }
  if ("holding" in row) {
    return {
      ...{ bench, what, median: `${digits(row.baselineMs)} ms`, against },
      "interval holds": `${row.holding} of ${row.processes}`,
      width: `${digits(100 * row.width)} %`,
      error: `${digits(100 * row.error)} %`,
      seconds: digits(row.seconds),
    };
  }
  if ("mean" in row) {
    return { bench, what, against, ratio: digits(row.mean), "": `of ${row.networks} networks` };
  }
  if ("target" in row) {
    return {
      ...{ bench, what, against, ratio: digits(row.value), expected: `to ${row.target.high}` },
      "": `${row.holds ? "holds" : "DOES NOT HOLD"}, of ${row.networks} networks`,
    };
  }
  if ("load" in row) return { bench, what, ...entryCells(row), against };
  const { latency } = row;
  const { ratio, baselineMs, candidateMs, rounds, drifted } = latency;
  const bytes = "bytes" in row ? row.bytes : undefined;
  return {
    bench,
    what,
    median: `${digits(candidateMs)} ms`,
    rate: bytes && `${digits(bytes / 1e3 / candidateMs)} MB/s`,
    against: "sqnr" in row ? `${against}, ${digits(baselineMs)} ms` : against,
    ratio: digits(ratio.value),
    "95 %": `${digits(ratio.low)} to ${digits(ratio.high)}`,
    rounds,
    ...("sqnr" in row && costs(row)),
    ...("nodes" in row && nodeColumns(row)),
    ...("expected" in row && {
      expected: `${digits(row.expected.low)} to ${digits(row.expected.high)}`,
      bits: row.hasKnownBits ? "same" : "OTHERS",
    }),
    "": "expected" in row && !row.holds ? "DOES NOT HOLD" : told(row, drifted),
  };
}

function told(row: BenchRow, drifted: boolean | undefined): string {
  const note = "note" in row ? [row.note] : [];
  return [...note, ...(drifted ? ["the machine drifted"] : [])].join(", ");
}

/** Nodes in the file and in what is executed, each with its ratio to those of the other. */
function nodeColumns({ nodes, nodesAgainst }: NodesRow) {
  const column = (own = NaN, other = NaN) => `${own} (x${digits(own / other)})`;
  return {
    "nodes in the file": column(nodes.file, nodesAgainst.file),
    executed: column(nodes.executed, nodesAgainst.executed),
  };
}

/** What an import costs, and what a network takes there. */
function entryCells({ row, load }: EntryRow) {
  const { ms, ratio, toFirst, start, bits, refused } = row;
  if (refused !== undefined) return { "": refused };
  return {
    loads: `${digits(load.bytes / 1e6)} MB`,
    gzip: `${digits(load.download.gzip / 1e6)} MB`,
    brotli: `${digits(load.download.brotli / 1e6)} MB`,
    start: start && `${digits(start.ms)} ms`,
    "to the first": start && factorInterval(start.ratio),
    median: ms !== undefined ? `${digits(ms)} ms` : undefined,
    "to its": toFirst && factorInterval(toFirst),
    ratio: ratio && digits(ratio.value),
    "95 %": ratio && `${digits(ratio.low)} to ${digits(ratio.high)}`,
    bits: bits === "same" ? "same" : "differ",
  };
}

/** What a form loses, and costs beside time. */
function costs({ sqnr, start, size }: FormRow) {
  const ratio = (of: Compared) => digits(of.ratio.value);
  return {
    SQNR: `${sqnr.toFixed(1)} dB`,
    create: start && ratio(start.create),
    heap: start && ratio(start.heap),
    size: digits(size),
  };
}

/** A number to three digits, without an exponent. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

export default main;

if (import.meta.main) await runScript(main);
