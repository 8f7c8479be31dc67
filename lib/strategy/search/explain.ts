import type { Calibration } from "../../calibrate/calibration.ts";
import { explainSpread, spreadOf } from "../../calibrate/spread.ts";
import { roundedTensors } from "../../cost/placement.ts";
import { modulePaths } from "../../onnx/module_path.ts";
import type { DecisionRow } from "../../record/search_record.ts";
import { decibelsOf as decibels } from "../../evaluate/closeness.ts";
import { type Alternative, consideredForms } from "./considered.ts";
import { costOf, type Proposal, proposalOf } from "./proposal.ts";
import { layersOf, onlyMovesData, roundingsOf } from "./roundings.ts";
import { USUAL_OBSERVER } from "./search_forms.ts";
import { formLabel, largest, type SearchChoice } from "./space.ts";

/** What decisions are explained with. */
export interface Explanation {
  /** The drop that a predicted sum of noises is expected to cost. */
  readonly dropOf: (noise: number) => number;
  /** The predicted sum of noises that the budget allows. */
  readonly limit: number;
  /** Tells which tensors have outliers. @default {nothing is said of them} */
  readonly calibration?: Calibration;
}

/**
 * Explains a proposal, layer by layer: what each form takes and saves, the noise that it adds, and what
 * the next best form would have come to. Layers that only move values are left out.
 */
export function explainDecisions(proposal: Proposal, explanation: Explanation): DecisionRow[] {
  const { space: { base } } = proposal;
  const paths = modulePaths(base.network.model.graph);
  const layers = layersOf(base);
  return [...Map.groupBy(layers.keys(), (i) => layers[i]!)].flatMap(([layer, kernels]) => {
    const nodes = kernels.flatMap((i) => base.problem.kernels[i]!.nodes);
    if (nodes.every(onlyMovesData)) return [];
    const path = nodes.map((node) => paths.get(node) ?? "").find((path) => path !== "") ?? "";
    const opTypes = [
      ...new Set(nodes.filter((node) => !onlyMovesData(node)).map(({ opType }) => opType)),
    ];
    return explainLayer(proposal, kernels, explanation, { layer, path, opTypes });
  });
}

function explainLayer(
  proposal: Proposal,
  kernels: readonly number[],
  explanation: Explanation,
  { layer, path, opTypes }: { layer: string; path: string; opTypes: readonly string[] },
): DecisionRow[] {
  const inFloat = inForm(proposal, kernels, "float32");
  if (!inFloat) return [];
  const noiseWithout = largest(inFloat.noise);
  const addedBy = ({ noise }: Proposal) => Math.max(0, largest(noise) - noiseWithout);
  const added = (power: number) =>
    power > 0 && { dB: decibels(power), drop: explanation.dropOf(power) };
  const form = formOf(proposal, kernels);
  const others = alternatives(proposal, kernels, form);
  const { limit } = explanation;
  const next = nextBest(proposal, others, limit);
  const why = whyOf(proposal, next, limit);
  const observers = observersOf(proposal, kernels);
  return [{
    node: layer,
    kernels: kernels.length,
    opType: opTypes.join(" + "),
    path,
    form,
    ...(observers.length > 0 && { observers }),
    ms: kernels.reduce((sum, i) => sum + proposal.chosen[i]!.kernelMs, 0),
    savesMs: inFloat.ms - proposal.ms,
    savesBytes: Math.round(inFloat.bytes - proposal.bytes),
    ...added(addedBy(proposal)),
    ...(next && {
      next: {
        form: next.form,
        ms: next.proposal.ms - proposal.ms,
        bytes: Math.round(next.proposal.bytes - proposal.bytes),
        ...added(addedBy(next.proposal)),
      },
    }),
    why: [why, ...outliersOf(proposal, kernels, explanation)].join("; "),
    forms: consideredForms(proposal, others, { kernels, form, why, noiseWithout, limit }),
  }];
}

/** The proposal with the layer in each of the other forms that its kernels can take. */
function alternatives(
  proposal: Proposal,
  kernels: readonly number[],
  own: string,
): Alternative[] {
  const { space: { problem } } = proposal;
  const forms = new Set(
    kernels.flatMap((i) => problem.kernels[i]!.choices.map(labelOf)),
  );
  return [...forms].filter((form) => form !== own).flatMap((form) => {
    const other = inForm(proposal, kernels, form);
    return other ? [{ form, proposal: other }] : [];
  });
}

function labelOf({ form, timed: { written } }: SearchChoice): string {
  return formLabel(form, written);
}

/** The form that most of a layer's time goes to. */
function formOf({ chosen, space }: Proposal, kernels: readonly number[]): string {
  const weighed = kernels.filter((i) => !space.base.problem.kernels[i]!.nodes.every(onlyMovesData));
  const groups = [...Map.groupBy(weighed, (i) => labelOf(chosen[i]!))].map(([form, own]) => ({
    form,
    ms: own.reduce((sum, i) => sum + chosen[i]!.kernelMs, 0),
  }));
  return groups.sort((a, b) => b.ms - a.ms)[0]?.form ?? "float32";
}

/** The proposal with a layer in another form, as far as its kernels can be; undefined if none can. */
function inForm(
  { space, chosen }: Proposal,
  kernels: readonly number[],
  form: string,
): Proposal | undefined {
  let any = false;
  const changed = [...chosen];
  for (const i of kernels) {
    const own = space.problem.kernels[i]!.choices.filter((choice) => labelOf(choice) === form);
    any ||= own.length > 0;
    // What cannot be so goes with the rest where it may: float32 beside stored weights.
    const other = best(own) ?? best(
      space.problem.kernels[i]!.choices.filter((choice) => labelOf(choice) === "float32"),
    );
    if (other) changed[i] = other;
  }
  return any ? proposalOf(space, changed) : undefined;
}

function best(choices: readonly SearchChoice[]): SearchChoice | undefined {
  return choices.toSorted((a, b) => a.ms - b.ms)[0];
}

/** The best of the other forms within the limit; but if a better one was rejected for its noise, that. */
function nextBest(
  proposal: Proposal,
  others: readonly Alternative[],
  limit: number,
): Alternative | undefined {
  const best = (some: readonly Alternative[]) =>
    some.toSorted((a, b) => costOf(a.proposal) - costOf(b.proposal))[0];
  const rejected = others.filter(({ proposal: other }) =>
    exceeds(other, limit) && costOf(other) < costOf(proposal)
  );
  const within = others.filter(({ proposal }) => !exceeds(proposal, limit));
  return best(rejected) ?? best(within) ?? best(others);
}

function exceeds({ noise }: Proposal, limit: number): boolean {
  return largest(noise) > limit;
}

function whyOf(proposal: Proposal, next: Alternative | undefined, limit: number): string {
  if (!next) return "there is no other form";
  const fast = proposal.space.objective !== "latency" ? "small" : "fast";
  const isBetter = costOf(next.proposal) < costOf(proposal);
  if (exceeds(next.proposal, limit)) {
    return isBetter
      ? `${next.form} would be ${fast}er, but exceeds the error limit`
      : "every other form exceeds the error limit";
  }
  return isBetter
    ? `about as ${fast} as ${next.form}, with less quantization error`
    : `${fast}est form within the limit`;
}

/** Observers other than the usual one of the tensors that a layer rounds, as `observer of tensor`. */
function observersOf({ space, chosen }: Proposal, kernels: readonly number[]): string[] {
  const rounded = roundedTensors(space.problem, chosen);
  const names = kernels.flatMap((i) => {
    const { inputs, outputs } = space.problem.kernels[i]!;
    return [...inputs, ...outputs].filter((name) => rounded.has(name));
  });
  const sources = roundingsOf(space.base);
  const found = names.flatMap((name) => {
    const { observer = USUAL_OBSERVER } = space.rounding.get(name) ?? {};
    return observer === USUAL_OBSERVER ? [] : [`${observer} of ${sources.get(name)?.of ?? name}`];
  });
  return [...new Set(found)];
}

/** What is odd about the tensors of a layer that could have been static. */
function outliersOf(
  { space }: Proposal,
  kernels: readonly number[],
  { calibration }: Explanation,
): string[] {
  const sources = roundingsOf(space.base);
  const names = kernels.flatMap((i) => {
    const { inputs, outputs, choices } = space.problem.kernels[i]!;
    if (!choices.some(({ form }) => form === "static")) return [];
    return [...inputs, ...outputs].map((name) => sources.get(name)?.of ?? name);
  });
  return [...new Set(names)].flatMap((name) => {
    const seen = calibration?.statistics.get(name);
    const spread = seen && spreadOf(seen);
    return (spread && explainSpread(name, spread)) ?? [];
  });
}
