import { UserError } from "../errors.ts";
import type { Calibration } from "../calibrate/calibration.ts";
import { FIXED_RANGES } from "../calibrate/fixed_range.ts";
import type { Observer } from "../calibrate/observers.ts";
import type { Range } from "../calibrate/range.ts";
import type { TensorStatistics } from "../calibrate/statistics.ts";
import type { Model } from "../onnx/model.ts";
import { mapSubgraphs } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { QUANTIZED_OPSET, raiseOpset } from "../onnx/opset.ts";
import { TransposedSet } from "../passes/transposed_set.ts";
import { CorrectedModel } from "../passes/corrected_model.ts";
import { Builder } from "./builder.ts";
import { decide, decideWith, type Decisions } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { dynamicOperator } from "./dynamic.ts";
import { lowerLayers } from "./dynamic_recurrent.ts";
import { INT8_ALREADY } from "./existing_int8.ts";
import { type GraphFacts, graphFacts } from "./graph_facts.ts";
import type { AffineParams } from "./affine.ts";
import { fileParams } from "./file_ranges.ts";
import { writeBehindBarriers } from "./barriers.ts";
import type { QConfigMapping } from "./mapping.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import type { PlanRow } from "../record/plan_record.ts";
import type { OutlierColumns } from "../record/recipe.ts";
import { decimal } from "../report/format.ts";
import { Plan } from "./plan.ts";

import { QdqWriter } from "./qdq.ts";
import { QOperatorWriter } from "./qoperator.ts";
import { float32, weightOnly } from "./qconfig.ts";
import { QuantizedModel, type Trace } from "./quantized_model.ts";
import { quantizedResults, rangedTensors } from "./static_results.ts";
import { storeRows } from "./stored_rows.ts";
import { storeBack } from "./store_back.ts";
import {
  bytesInFloat32,
  INT4_OPSET,
  storeSmall,
  weightOnlyObstacle,
  weightTensors,
} from "./weight_only.ts";

/**
 * How static int8 stands in the file: `QDQ`, float operators between DequantizeLinear and
 * QuantizeLinear that the runtime fuses, or `QOperator`, operators on integers. Both compute on the same
 * integers, most by the same kernels; a product whose result is not rounded to int8 may run as another,
 * and round its sums differently. Other runtimes know QDQ best.
 * @category QConfigs (advanced)
 */
export type QuantFormat = "QDQ" | "QOperator";

/**
 * Options for {@linkcode convert}.
 * @category Steps
 */
export interface ConvertOptions {
  /** How static int8 stands in the file. @default {"QDQ"} */
  format?: QuantFormat;
}

/**
 * Writes a model as a mapping wants it: static, dynamic, weight-only and float32 nodes in one graph,
 * with a change of precision wherever one is needed, each with its own scale and zero point.
 *
 * @param calibration What {@linkcode calibrate} saw; may be left out if nothing is static, or if a file had
 * the ranges.
 * @returns The model, with a plan that says for each node what was asked for and why it is what it
 * is; what the runtime executes is filled in by {@linkcode readBack}.
 * @throws {UserError} If a rule matches no node, a range is missing, or the opset cannot be raised.
 * @see {@link https://arxiv.org/abs/1712.05877 | Jacob et al. 2018}
 * @example The four steps
 * ```ts
 * import { calibrate, convert, float32Tensor, fuse, prepare, qconfigMapping, staticInt8 } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const mapping = qconfigMapping({ default: staticInt8() });
 * const fused = fuse(model);
 * const prepared = prepare(fused, mapping);
 * const calibration = await calibrate(prepared, [{ x: float32Tensor([1, 2], [1, 4]) }]);
 * const int8 = convert(fused, mapping, calibration);
 * assert.equal(int8.plan.rows[0]!.asked, "static");
 * ```
 * @category Steps
 */
export function convert(
  model: Model,
  mapping: QConfigMapping,
  calibration?: Calibration,
  options: ConvertOptions = {},
): QuantizedModel {
  const { format = "QDQ" } = options;
  const { proto, graph } = raiseOpset(model, opsetFor(mapping));
  const { asked, decisions, ranges, exact } = decideSeen(nameNodes(graph), mapping, calibration);
  const notes = model instanceof CorrectedModel ? model.notes : undefined;
  if (asked.all.every(({ applied }) => applied.kind === "float32")) {
    // Nothing to do: not even a higher opset.
    const kept = storeBack(model.proto, model.graph);
    return new QuantizedModel(kept, model.name, planOf(asked, notes), asked.all.map(trace));
  }
  const builder = new Builder(decisions.facts);
  const guarded = writeAll({ decisions, ranges, exact }, builder, format);
  return new QuantizedModel(
    storeBack(builder.model(proto), graph),
    model.name,
    planOf(asked, notes, guarded),
    asked.all.map(trace),
  );
}

/** What the nodes of a graph become, and the range of each tensor that needs one. */
interface Seen {
  readonly asked: Decisions;
  /** With what stands for recurrent layers. */
  readonly decisions: Decisions;
  readonly ranges: ReadonlyMap<string, Range>;
  /** Scales and zero points that are given in place of ranges. */
  readonly exact: ReadonlyMap<string, AffineParams>;
}

/**
 * Decides on a graph, then anew where calibration found no range for a tensor: what reads it is not
 * static.
 *
 * @param unseen Tensors of which that is known, each with the reason.
 */
function decideSeen(
  graph: GraphProto,
  mapping: QConfigMapping,
  calibration: Calibration | undefined,
  unseen: ReadonlyMap<string, string> = new Map(),
): Seen {
  const asked = decide(graph, mapping, unseen);
  const decisions = lowerRecurrent(asked, mapping, unseen);
  const ranges = new Map<string, Range>();
  const { fileRanges } = mapping;
  const { exact, unusable } = fileParams(decisions, fileRanges ?? new Map());
  const without = new Map(unusable);
  for (const [name, observer] of rangedTensors(decisions)) {
    if (exact.has(name) || unusable.has(name)) continue;
    const range = chooseRange(
      name,
      mapping.observers?.get(name) ?? observer,
      decisions,
      calibration,
    );
    const seen = calibration?.statistics.get(name);
    if (range) ranges.set(name, range);
    else if (seen?.endless) without.set(name, "holds infinities, as a mask does");
    else if (fileRanges && !calibration) without.set(name, "has no range in the file");
    // Where one is empty, what was to take its scale may not have been watched.
    else if (seen || unseen.size > 0) without.set(name, "was empty in every calibration sample");
    else throw unknownRange(name, calibration);
  }
  for (const { anchor, results } of decisions.units.values()) {
    // Of what a kernel takes in only the last result is watched; none of it is then.
    const name = results.find((name) => without.has(name));
    if (name !== undefined) without.set(anchor.output[0]!, without.get(name)!);
  }
  return without.size > 0
    ? decideSeen(graph, mapping, calibration, new Map([...unseen, ...without]))
    : { asked, decisions, ranges, exact };
}

/** Decides anew where GRU and RNN layers that are to be dynamic have become other nodes. */
function lowerRecurrent(
  asked: Decisions,
  { int8Tensors }: QConfigMapping,
  unseen: ReadonlyMap<string, string>,
): Decisions {
  const layers = asked.all.filter(({ node, applied }) =>
    applied.kind === "dynamic" && !dynamicOperator(node)!.write
  );
  if (layers.length === 0) return asked;
  const { graph, layerOf } = lowerLayers(
    asked.facts.graph,
    new Set(layers.map(({ node }) => node)),
  );
  const byName = new Map(asked.all.map((decision) => [decision.node.name, decision]));
  const resolve = (_: unknown, nodes: readonly NodeProto[]) =>
    nodes.map((node) => {
      const layer = layerOf(node);
      const origin = asked.of.get(layer ?? node) ?? (layer ? undefined : byName.get(node.name));
      // What else a layer became (gates, slices) computes in float32.
      if (!origin) return { qconfig: float32, source: "", rule: undefined, named: false };
      const { source, rule, named } = origin;
      return { qconfig: layer ? origin.applied : origin.asked, source, rule, named };
    });
  return decideWith(graph, resolve, { int8Tensors, unseen });
}

/** The opset that the forms a mapping may ask for need. */
function opsetFor({ default: byDefault, rules }: QConfigMapping): number {
  const asked = [byDefault, ...rules.map(([, qconfig]) => qconfig)]
    .flatMap((qconfig) => "otherwise" in qconfig ? [qconfig, qconfig.otherwise] : [qconfig]);
  const int4 = asked.some((qconfig) => qconfig.kind === "weightOnly" && qconfig.bits === 4);
  return int4 ? INT4_OPSET : QUANTIZED_OPSET;
}

function trace({ node, applied, obstacle, anchor, inBody, source }: Decision): Trace {
  const form = obstacle === INT8_ALREADY ? "int8" : applied.kind;
  const name = form === "dynamic" && !dynamicOperator(node)!.write
    ? `${node.name}/recurrent/Scan`
    : node.name;
  return { name, outputs: node.output, form, anchor: anchor?.name, inBody, source };
}

/** Writes all nodes. Gives the names of those that stay float32 behind barriers. */
function writeAll(
  { decisions, ranges, exact }: Omit<Seen, "asked">,
  builder: Builder,
  format: QuantFormat,
): Set<string> {
  const results = quantizedResults(decisions);
  const rangeOf = (name: string) => ranges.get(name)!;
  const context = { builder, decisions, results, exact, rangeOf };
  const writer = format === "QOperator" ? new QOperatorWriter(context) : new QdqWriter(context);
  const guarded = new Set<string>(); // names of nodes with barriers
  // A unit is written where its last node stood: by then all that any member reads is there.
  const unitAt = new Map([...decisions.units.values()].map((unit) => [unit.nodes.at(-1), unit]));
  for (const node of decisions.facts.graph.node) {
    const decision = decisions.of.get(node)!;
    const { applied } = decision;
    if (applied.kind === "static") {
      const unit = unitAt.get(node);
      if (unit) writer.write(unit);
      continue;
    }
    if (applied.kind === "dynamic") {
      dynamicOperator(node)!.write!(node, applied, builder);
      continue;
    }
    if (applied.kind === "weightOnly") {
      if (storeRows(node, applied, builder)) continue;
      storeSmall(node, applied, builder);
    }
    const whole = writeBodies(node, decision.facts, decisions, builder);
    if (writeBehindBarriers(whole, decisions, results, builder)) guarded.add(node.name);
  }
  return guarded;
}

/** Writes the bodies of a node anew, where something in them is dynamic or stored small. */
function writeBodies(
  node: NodeProto,
  facts: GraphFacts,
  decisions: Decisions,
  outer: Builder,
): NodeProto {
  return mapSubgraphs(node, (body) => {
    const inner = graphFacts(body, facts);
    const builder = new Builder(inner, outer);
    let changed = false;
    for (const node of body.node) {
      const { applied } = decisions.of.get(node)!;
      changed ||= applied.kind !== "float32";
      if (applied.kind === "dynamic") {
        dynamicOperator(node)!.write!(node, applied, builder);
        continue;
      }
      if (applied.kind === "weightOnly") {
        if (storeRows(node, applied, builder)) continue;
        storeSmall(node, applied, builder);
      }
      const whole = writeBodies(node, inner, decisions, builder);
      changed ||= whole !== node;
      builder.push(whole);
    }
    return changed ? builder.graph() : body;
  });
}

/**
 * The range of a tensor: what its observer chooses from what was seen, or, where nothing was, what is
 * known of the operator that makes it.
 */
function chooseRange(
  name: string,
  observer: Observer,
  { facts }: Decisions,
  calibration: Calibration | undefined,
): Range | undefined {
  const seen = calibration?.statistics.get(name);
  return seen && seen.count > 0 ? rangeOf(seen, observer) : knownRange(facts.maker(name));
}

/** Ranges that observers chose: a search makes hundreds of models from the same statistics. */
const chosen = new WeakMap<TensorStatistics, WeakMap<Observer, Range>>();

function rangeOf(seen: TensorStatistics, observer: Observer): Range {
  const known = chosen.get(seen) ?? new WeakMap<Observer, Range>();
  chosen.set(seen, known);
  const range = known.get(observer) ?? observer.range(seen);
  known.set(observer, range);
  return range;
}

function knownRange(maker: NodeProto | undefined): Range | undefined {
  return maker && isStandard(maker) ? FIXED_RANGES.get(maker.opType) : undefined;
}

function unknownRange(name: string, calibration: Calibration | undefined): UserError {
  const why = !calibration
    ? `, and static int8 needs it; pass what calibrate() returns`
    : `; calibrate what prepare() makes of the same model and mapping`;
  return new UserError(`Cannot convert: the range of tensor "${name}" is not known${why}`);
}

function planOf(
  { all }: Decisions,
  notes: ReadonlyMap<string, string> = new Map(),
  guarded: ReadonlySet<string> = new Set(),
): Plan {
  const seen: SeenWeights = { tensors: new Set(), matrices: new TransposedSet() };
  return new Plan(all.map((decision) => ({
    ...planRow(decision, notes, guarded),
    ...weightsOf(decision, seen),
  })));
}

/** The weights of the layers before one. */
interface SeenWeights {
  readonly tensors: Set<TensorProto>;
  readonly matrices: TransposedSet;
}

/** Bytes of the weights of a layer, and of those among them that a layer before it reads too. */
function weightsOf(
  { node, facts }: Decision,
  seen: SeenWeights,
): Pick<PlanRow, "weights" | "shared"> {
  const tensors = weightTensors(node, facts);
  if (!tensors) return {};
  const bytes = (some: readonly TensorProto[]) =>
    some.reduce((sum, tensor) => sum + bytesInFloat32(tensor), 0);
  const shared = bytes(
    tensors.filter((tensor) => seen.tensors.has(tensor) || seen.matrices.find(tensor)),
  );
  for (const tensor of tensors) {
    if (!seen.tensors.has(tensor)) seen.matrices.add(tensor);
    seen.tensors.add(tensor);
  }
  return { weights: bytes(tensors), ...(shared > 0 && { shared }) };
}

function planRow(
  decision: Decision,
  notes: ReadonlyMap<string, string>,
  guarded: ReadonlySet<string>,
): PlanRow {
  const { identity, asked, applied, source, obstacle, node, facts } = decision;
  const reasons = [source];
  if (obstacle === INT8_ALREADY) reasons.push(obstacle);
  else if (obstacle && applied.kind === "float32") {
    reasons.push(`stays float32: ${obstacle}`);
    const couldBeSmall = decision.impossible &&
      weightOnlyObstacle(node, SMALL, facts) === undefined;
    if (couldBeSmall) reasons.push("weightOnly() makes it smaller");
  } else if (obstacle) reasons.push(`${applied.kind} instead: ${obstacle}`);
  if (!decision.inBody && guarded.has(decision.node.name)) reasons.push(BEHIND_BARRIERS);
  const outliers = applied.kind === "dynamic" ? applied.outliers : undefined;
  if (outliers) reasons.push(splitOff(outliers));
  const note = decision.inBody ? undefined : notes.get(identity.name);
  if (note) reasons.push(note);
  return {
    node: identity.name,
    opType: identity.opType,
    path: identity.path,
    ...(identity.part && { part: identity.part }),
    ...(identity.layer !== undefined && { layer: identity.layer }),
    asked: asked.kind,
    ...(applied.kind !== asked.kind && { applied: applied.kind }),
    executes: "",
    why: reasons.join("; "),
    ...(outliers && { outliers }),
  };
}

/** `columns 99 and 223 of its input stay float32, and the range of the others is 14.2 dB narrower` */
function splitOff({ columns, dB }: OutlierColumns): string {
  const [last, ...others] = columns.toReversed();
  const which = others.length === 0
    ? `column ${last} of its input stays`
    : `columns ${others.toReversed().join(", ")} and ${last} of its input stay`;
  return `${which} float32, and the range of the others is ${decimal(dB, 1)} dB narrower`;
}

/** What a layer without an int8 kernel could be stored as. */
const SMALL = weightOnly();

const BEHIND_BARRIERS =
  "behind a barrier: the runtime would make it int8 too between its int8 neighbours";
