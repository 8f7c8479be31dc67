import { UserError } from "../errors.ts";
import type { Calibration } from "../calibrate/calibration.ts";
import type { Range } from "../calibrate/range.ts";
import type { Model } from "../onnx/model.ts";
import { mapSubgraphs } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { raiseOpset } from "../onnx/opset.ts";
import { Builder } from "./builder.ts";
import { decide, type Decision, type Decisions } from "./decide.ts";
import { dynamicOperator } from "./dynamic.ts";
import { type GraphFacts, graphFacts } from "./graph_facts.ts";
import { writeFenced } from "./fences.ts";
import type { QConfigMapping } from "./mapping.ts";
import { nameNodes } from "./name_nodes.ts";
import { Plan } from "./plan.ts";
import { QUANTIZED_OPSET } from "./prepare.ts";
import { QdqWriter } from "./qdq.ts";
import { QOperatorWriter } from "./qoperator.ts";
import { QuantizedModel, type Trace } from "./quantized_model.ts";
import { quantizedResults, rangedTensors } from "./static_units.ts";
import { INT4_OPSET, storeSmall } from "./weight_only.ts";

/**
 * How static int8 stands in the file: `QDQ`, float operators between DequantizeLinear and
 * QuantizeLinear that the runtime fuses, or `QOperator`, operators on integers. Both run as the same
 * kernels on onnxruntime; other runtimes know QDQ best.
 */
export type QuantFormat = "QDQ" | "QOperator";

/** Options for {@linkcode convert}. */
export interface ConvertOptions {
  /** @default {"QDQ"} */
  format?: QuantFormat;
}

/**
 * Writes a model as a mapping wants it: static, dynamic, weight-only and float32 nodes in one graph,
 * with a change of precision wherever one is needed, each with its own scale and zero point.
 *
 * @param calibration What {@linkcode calibrate} saw; may be left out if nothing is static.
 * @returns The model, with a plan that says for each node what was asked for and why it is what it
 * is; what the runtime executes is filled in by {@linkcode readBack}.
 * @throws {UserError} If a rule matches no node, a range is missing, or the opset cannot be raised.
 * @see {@link https://arxiv.org/abs/1712.05877 | Jacob et al. 2018}
 */
export function convert(
  model: Model,
  mapping: QConfigMapping,
  calibration?: Calibration,
  options: ConvertOptions = {},
): QuantizedModel {
  const { format = "QDQ" } = options;
  const { proto, graph } = raiseOpset(model, opsetFor(mapping));
  const decisions = decide(nameNodes(graph), mapping);
  const traces = decisions.all.map(trace);
  const plan = (fenced: ReadonlySet<Decision>) =>
    new Plan(decisions.all.map((decision) => planRow(decision, fenced)));
  if (traces.every(({ form }) => form === "float32")) { // nothing to do: not even a higher opset
    return new QuantizedModel(model.proto, model.name, plan(new Set()), traces);
  }
  const ranges = chooseRanges(decisions, calibration);
  const builder = new Builder(decisions.facts);
  const fenced = writeAll(decisions, ranges, builder, format);
  return new QuantizedModel(
    builder.model(proto),
    model.name,
    plan(fenced),
    traces,
  );
}

/** The opset that the forms a mapping may ask for need. */
function opsetFor({ default: byDefault, rules }: QConfigMapping): number {
  const asked = [byDefault, ...rules.map(([, qconfig]) => qconfig)]
    .flatMap((qconfig) => qconfig.kind === "static" ? [qconfig, qconfig.otherwise] : [qconfig]);
  const int4 = asked.some((qconfig) => qconfig.kind === "weightOnly" && qconfig.bits === 4);
  return int4 ? INT4_OPSET : QUANTIZED_OPSET;
}

function trace({ node, applied, head, inBody }: Decision): Trace {
  return { name: node.name, outputs: node.output, form: applied.kind, head: head?.name, inBody };
}

function writeAll(
  decisions: Decisions,
  ranges: ReadonlyMap<string, Range>,
  builder: Builder,
  format: QuantFormat,
): Set<Decision> {
  const results = quantizedResults(decisions);
  const context = { builder, decisions, results, rangeOf: (name: string) => ranges.get(name)! };
  const writer = format === "QOperator" ? new QOperatorWriter(context) : new QdqWriter(context);
  const fenced = new Set<Decision>();
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
      dynamicOperator(node)!.write(node, applied, builder);
      continue;
    }
    if (applied.kind === "weightOnly") storeSmall(node, applied, builder);
    const whole = writeBodies(node, decision.facts, decisions, builder);
    if (writeFenced(whole, decisions, results, builder)) fenced.add(decision);
  }
  return fenced;
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
        dynamicOperator(node)!.write(node, applied, builder);
        continue;
      }
      if (applied.kind === "weightOnly") storeSmall(node, applied, builder);
      const whole = writeBodies(node, inner, decisions, builder);
      changed ||= whole !== node;
      builder.push(whole);
    }
    return changed ? builder.graph() : body;
  });
}

/** The range of each tensor that needs one. */
function chooseRanges(
  decisions: Decisions,
  calibration: Calibration | undefined,
): Map<string, Range> {
  const ranges = new Map<string, Range>();
  for (const [name, observer] of rangedTensors(decisions)) {
    const seen = calibration?.statistics.get(name);
    if (!seen || seen.count === 0) {
      throw new UserError(
        `Cannot convert: the range of tensor "${name}" is not known` +
          (calibration
            ? `; calibrate what prepare() makes of the same model and mapping`
            : `, and static int8 needs it; pass what calibrate() returns`),
      );
    }
    ranges.set(name, observer.range(seen));
  }
  return ranges;
}

function planRow(decision: Decision, fenced: ReadonlySet<Decision>) {
  const { identity, asked, applied, source, obstacle } = decision;
  const reasons = [source];
  if (obstacle && applied.kind === "float32") reasons.push(`stays float32: ${obstacle}`);
  else if (obstacle) reasons.push(`${applied.kind} instead: ${obstacle}`);
  if (fenced.has(decision)) reasons.push(FENCED);
  return {
    node: identity.name,
    opType: identity.opType,
    path: identity.path,
    asked: asked.kind,
    executes: "",
    why: reasons.join("; "),
  };
}

const FENCED = "fenced, for the runtime would make it int8 between int8 neighbours";
