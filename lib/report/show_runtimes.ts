import { table } from "../display.ts";
import type { Binary } from "../record/binary.ts";
import type { Estimate } from "../record/metric_info.ts";
import type {
  EntryLoad,
  ExecutedChange,
  Parting,
  RuntimeRow,
  RuntimeTable,
} from "../record/runtime_table.ts";
import { baselineWords } from "../record/given_record.ts";
import { count, factor, factorInterval, megabytes, milliseconds, plural } from "./format.ts";

/** What the sizes are, in a sentence. */
const SIZES =
  "loads: script and WASM as a page without a bundler fetches them, as they are, after gzip 6 and after " +
  "brotli 5, which servers compress with at each request (brotli 11, once for all, saves a fifth more).";

/** How to have another entry load the plain binary, where it has to be another one. */
const OTHER_ENTRIES = 'ort.env.wasm.wasmPaths = { mjs: ".../ort-wasm-simd-threaded.mjs", wasm: ' +
  '".../ort-wasm-simd-threaded.wasm" }';

/** The binaries of a release side by side, with what they rest on, and one sentence of advice at the end. */
export function runtimeTableText(record: RuntimeTable): string {
  const { rows } = record;
  const { model } = baselineWords(record.subject);
  const lines = rows.flatMap((row) =>
    (row.loads ?? [undefined]).map((load) => [row, load] as const)
  );
  const first = rows.find(({ refused }) => refused === undefined);
  const cells = lines.map(([row, load]) => ({
    ...(load ? { import: load.entry } : {}),
    binary: row.binary,
    ...(load
      ? {
        loads: megabytes(load.bytes),
        gzip: megabytes(load.download.gzip),
        brotli: megabytes(load.download.brotli),
      }
      : {}),
    start: row.start && timeText(row.start.ms, row !== first && row.start.ratio),
    run: row.ms === undefined ? undefined : timeText(row.ms, row !== first && row.toFirst),
    ...(record.subject.float32 && { [`to ${model}`]: row.ratio && factorInterval(row.ratio) }),
    bits: bitsText(row),
    nodes: row.nodes === undefined ? undefined : count(row.nodes),
  }));
  return [
    table(withoutEmpty(cells)).text,
    "",
    subjectNote(record),
    ...(rows.length > 1
      ? [
        `A factor is to what it takes in ${first?.binary}; bits: of all outputs, beside those of ` +
        `${first?.binary}; nodes: those that run.` +
        (record.subject.float32 ? ` to ${model}: of its time in the same binary.` : ""),
      ]
      : []),
    ...(lines.some(([, load]) => load) ? [SIZES] : []),
    ...(rows.some(({ start }) => start)
      ? [
        "start: until the runtime and its first session are there, in fresh workers, without the page's " +
        "script.",
      ]
      : []),
    ...refusals(rows.map((row) => [row.binary, row])),
    ...partings(rows.map((row) => [row.binary, row]), first?.binary),
    ...(first?.loads ? ["", adviceText(rows)] : []),
  ].join("\n");
}

/** The releases side by side, and what changed from one to the next. */
export function releaseTableText(record: RuntimeTable): string {
  const { rows } = record;
  const { model } = baselineWords(record.subject);
  const ran = rows.filter(({ refused }) => refused === undefined);
  const cells = rows.map((row) => ({
    release: row.release,
    opens: row.refused === undefined ? "yes" : "no",
    bits: bitsText(row),
    run: row.ms === undefined ? undefined : timeText(row.ms, row !== ran[0] && row.toFirst),
    ...(record.subject.float32 && { [`to ${model}`]: row.ratio && factorInterval(row.ratio) }),
    start: row.start && timeText(row.start.ms, row !== ran[0] && row.start.ratio),
    nodes: row.nodes === undefined ? undefined : count(row.nodes),
    "executed otherwise": changesText(row),
  }));
  const named = rows.map((row) => [row.release, row] as const);
  return [
    table(withoutEmpty(cells)).text,
    "",
    subjectNote(record),
    `A factor is to what it takes in ${
      ran[0]?.release
    }; executed otherwise: than in the one before.`,
    ...refusals(named),
    ...partings(named, ran[0]?.release),
    ...(ran.length > 1 ? ["", releaseVerdict(ran, record.subject)] : []),
  ].join("\n");
}

/** Columns that no row has anything for are left out. */
function withoutEmpty<T extends Record<string, unknown>>(rows: readonly T[]): T[] {
  const filled = new Set(
    rows.flatMap((row) => Object.keys(row).filter((key) => row[key] !== undefined)),
  );
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => filled.has(key))) as T
  );
}

/** `952 ms ×1.85 [1.70, 1.99]`, the factor to the first row's. */
function timeText(ms: number, ratio: Estimate | false | undefined): string {
  return `${milliseconds(ms)} ms${ratio ? ` ${factorInterval(ratio)}` : ""}`;
}

function bitsText({ bits, refused }: RuntimeRow): string | undefined {
  if (refused !== undefined) return undefined;
  return bits === "same" ? "same" : "differ";
}

/** What was run on what, in a sentence. */
function subjectNote({ subject, threads, machine }: RuntimeTable): string {
  const { name, bytes, float32, samples } = subject;
  return `${name}, ${megabytes(bytes)}${float32 ? `, against ${float32}` : ""}; ${samples}; ` +
    `${plural(threads, "thread")}, in turns; ${machine}.`;
}

function refusals(rows: readonly (readonly [name: string, row: RuntimeRow])[]): string[] {
  return rows.flatMap(([name, { refused }]) =>
    refused === undefined ? [] : [`${name}: ${refused}.`]
  );
}

function partings(
  rows: readonly (readonly [name: string, row: RuntimeRow])[],
  first: string | undefined,
): string[] {
  return rows.flatMap(([name, { bits }]) =>
    bits === undefined || bits === "same"
      ? []
      : [`${name}: other bits than ${first}, ${partingText(bits)}.`]
  );
}

function partingText({ model, node, opType, tensor }: Parting): string {
  return node === ""
    ? `in the output "${tensor}" of ${model}, and in no node that can be seen`
    : `in ${model} first in "${tensor}", which the ${opType} "${node}" makes`;
}

/** `Conv 9 → 0 (conv1), FusedConv 0 → 9 (conv1); "fc" Gemm ×1.6`. */
function changesText({ changes = [], kernel }: RuntimeRow): string | undefined {
  const counts = changes.map(({ opType, before, after, node }: ExecutedChange) =>
    `${opType} ${before} → ${after} (${node})`
  );
  const parts = [
    ...(counts.length > 0 ? [counts.join(", ")] : []),
    ...(kernel ? [`${kernel.opType} "${kernel.node}" takes ${factor(kernel.factor)}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** What changes over the releases that open the model, in a sentence. */
function releaseVerdict(ran: readonly RuntimeRow[], subject: RuntimeTable["subject"]): string {
  const hasFloat32 = subject.float32 !== undefined;
  const other = ran.find(({ bits }) => bits !== "same");
  const bits = other
    ? `the bits of ${other.release} are others`
    : `all ${ran.length} that open it give the same bits`;
  const what = hasFloat32 ? `its time to ${baselineWords(subject).model}'s` : "its time";
  const of = (row: RuntimeRow) => hasFloat32 ? row.ratio : row.toFirst;
  const moved = ran.slice(1).find((row, i) => {
    const [before, after] = [of(ran[i]!), of(row)];
    return before && after && (after.low > NOISE * before.high || NOISE * after.high < before.low);
  });
  const before = moved && ran[ran.indexOf(moved) - 1]!;
  const time = moved && before
    ? `${what} changes from ${before.release} (${factorInterval(of(before)!)}) to ` +
      `${moved.release} (${factorInterval(of(moved)!)})`
    : `${what} does not change by more than 10 % for certain`;
  return `${bits[0]!.toUpperCase()}${bits.slice(1)}, and ${time}.`;
}

/** What intervals must lie apart by, as a factor: measured, ratios of the same kernels differ by as much. */
const NOISE = 1.1;

/** Which import to write, and what it saves against the one that is usual. */
function adviceText(rows: readonly RuntimeRow[]): string {
  const usable = rows.filter(({ refused, loads }) => refused === undefined && loads);
  const brotli = (row: RuntimeRow) => smallest(row).download.brotli;
  const isSlower = (row: RuntimeRow, than: RuntimeRow) =>
    row.toFirst !== undefined && than.toFirst !== undefined &&
    row.toFirst.low > NOISE * than.toFirst.high;
  const best = usable.reduce((a, b) =>
    isSlower(a, b) || brotli(b) < brotli(a) && !isSlower(b, a) ? b : a
  );
  const load = smallest(best);
  const usual = usable.find((row) => row.loads!.some(({ entry }) => entry === USUAL));
  const line = `import * as ort from "${load.entry}";`;
  if (!usual || usual === best) {
    return `Write \`${line}\`, ${megabytes(load.download.brotli)} after brotli.`;
  }
  const isFirst = best === rows.find(({ refused }) => refused === undefined); // as the table has it
  const usualLoad = usual.loads!.find(({ entry }) => entry === USUAL)!;
  const costs = [
    `loads ${megabytes(usualLoad.download.brotli)}`,
    ...(usual.start && best.start
      ? [
        `takes ${
          factor(isFirst ? usual.start.ratio.value : usual.start.ms / best.start.ms)
        } of its time to start`,
      ]
      : []),
    ...(usual.ms !== undefined && best.ms !== undefined
      ? [
        `${
          factor(isFirst && usual.toFirst ? usual.toFirst.value : usual.ms / best.ms)
        } of its time for a run`,
      ]
      : []),
  ];
  const last = costs.length > 1 ? ` and ${costs.pop()}` : "";
  return `Write \`${line}\`, ${megabytes(load.download.brotli)} after brotli: "${USUAL}" ` +
    `${costs.join(", ")}${last}` +
    (best.binary === ("plain" satisfies Binary)
      ? `; where it has to be another entry, \`${OTHER_ENTRIES}\` has it load the same binary.`
      : ".");
}

/** The import that most pages write. */
const USUAL = "onnxruntime-web";

/** Of the entries to one binary, the one that loads least. */
function smallest({ loads }: RuntimeRow): EntryLoad {
  return loads!.reduce((a, b) => b.download.brotli < a.download.brotli ? b : a);
}
