import type { ProfiledNode, ProfileRecord } from "../record/profile_record.ts";
import { decimal, factor, milliseconds, percent, plural } from "./format.ts";
import { type ComparedLayer, layerOf, totalMs } from "./profile_layers.ts";
import type { Column } from "./table.ts";
import { timedInText } from "../record/runtime_name.ts";

/** Columns of the table of nodes. */
export const profileColumns: readonly Column<ProfiledNode>[] = [
  { head: "layer", text: (node) => "· ".repeat(node.depth) + layerOf(node), code: true },
  { head: "executes", text: ({ opType }) => opType },
  { head: "for", text: ({ covers }) => workText(covers) },
  {
    head: "calls",
    text: ({ executions }) => executions > 1 ? String(executions) : "",
    numeric: true,
  },
  { head: "shape", text: ({ shape }) => shape.join("×") },
  { head: "ms", text: ({ ms }) => milliseconds(ms), numeric: true },
  { head: "share", text: ({ share }) => percent(share), numeric: true },
  { head: "MMAC", text: ({ macs }) => macs === undefined ? "" : millions(macs), numeric: true },
  { head: "GMAC/s", text: ({ macs, ms }) => rate(macs, ms), numeric: true },
];

/** Columns of two networks beside each other. */
export const comparisonColumns: readonly Column<ComparedLayer>[] = [
  { head: "layer", text: ({ layer }) => layer, code: true },
  { head: "before", text: ({ before }) => before?.runs.join(" + ") ?? "" },
  { head: "ms", text: ({ before }) => before ? milliseconds(before.ms) : "", numeric: true },
  { head: "GMAC/s", text: ({ before }) => rate(before?.macs, before?.ms ?? 0), numeric: true },
  { head: "after", text: ({ after }) => after?.runs.join(" + ") ?? "" },
  { head: "ms", text: ({ after }) => after ? milliseconds(after.ms) : "", numeric: true },
  { head: "GMAC/s", text: ({ after }) => rate(after?.macs, after?.ms ?? 0), numeric: true },
  {
    head: "ratio",
    text: ({ before, after }) =>
      before && after && before.ms > 0 ? factor(after.ms / before.ms) : "",
    numeric: true,
  },
];

/** What a table leaves out: the nodes, longest first, that together take all but this share. */
const TAIL = 0.01;

/** Operators that hold bodies, and so are shown however short. */
const HOLDS_BODIES = /^(If|Loop|Scan)$/;

/** The nodes that take nearly all of the time, longest first, and the rest as one row. */
export function longestNodes(profile: ProfileRecord): ProfiledNode[] {
  const sorted = profile.nodes.toSorted((a, b) => b.ms - a.ms);
  let left = totalMs(profile);
  const shown = sorted.findIndex(({ ms }) => (left -= ms) < TAIL * totalMs(profile)) + 1;
  const tail = shown > 0 ? sorted.slice(shown) : [];
  const rest = tail.filter(({ opType }) => !HOLDS_BODIES.test(opType));
  if (rest.length < 2) return sorted;
  const ms = rest.reduce((sum, node) => sum + node.ms, 0);
  const kept = tail.filter((node) => !rest.includes(node));
  return [...sorted.slice(0, shown), ...kept, {
    node: plural(rest.length, "shorter node"),
    ...{ opType: "", path: "", covers: [], depth: 0, executions: 1, shape: [] },
    ms,
    share: ms / totalMs(profile),
  }];
}

const ALONE =
  "The profiler of this build of onnxruntime-web cannot be read: each node was timed in a model of " +
  "its own, so fusions of several nodes are not seen.";

/** What a profile says as a whole, in sentences. */
export function profileHeadline(profile: ProfileRecord): string[] {
  const { model, threads, runs, wholeMs, load, drifted, nodes, method } = profile;
  // What is too short to time cannot have its work counted in a rate.
  const macs = nodes.reduce((sum, node) => sum + (node.ms > 0 ? node.macs ?? 0 : 0), 0);
  return [
    `${model.name}: ${milliseconds(wholeMs)} ms a run on ${plural(threads, "thread")}, ` +
    `of which ${milliseconds(totalMs(profile))} ms in ${plural(nodes.length, "node")}` +
    `${macs > 0 ? `; ${rate(macs, totalMs(profile))} GMAC/s overall` : ""}.`,
    ...(method === "alone" ? [ALONE] : []),
    `The fastest quarter of ${plural(runs, "run")}; load average ${decimal(load, 1)}` +
    `${drifted ? "; the speed of the machine changed, measure again" : ""}.`,
    `Timed in ${timedInText(profile)}.`,
  ];
}

/** `Conv + BatchNormalization + Relu`; changes of precision that a kernel takes in say nothing new. */
function workText(covers: readonly string[]): string {
  return covers.filter((op) => !/^(Quantize|Dequantize)Linear$/.test(op)).join(" + ");
}

function millions(macs: number): string {
  return decimal(macs / 1e6, macs >= 1e8 ? 0 : macs >= 1e6 ? 1 : 3);
}

/** Billions of multiplications a second. */
function rate(macs: number | undefined, ms: number): string {
  return macs && ms > 0 ? decimal(macs / ms / 1e6, 1) : "";
}
