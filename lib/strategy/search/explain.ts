import type { Calibration } from "../../calibrate/calibration.ts";
import { explainSpread, spreadOf } from "../../calibrate/spread.ts";
import { roundedTensors } from "../../cost/placement.ts";
import { modulePaths } from "../../onnx/module_path.ts";
import type { DecisionRow } from "../../record/search_record.ts";
import { DEFAULT_OBSERVER } from "./assignment.ts";
import { layersOf, onlyMovesData, roundingsOf } from "./roundings.ts";
import { decibelsOf } from "../../evaluate/closeness.ts";
import { largest, type Proposal, proposalOf, type SearchChoice, valueOf } from "./proposal.ts";

/** What decisions are explained with. */
export interface Explanation {
  /** Drop to be expected of an uncorrected noise. */
  readonly dropOf: (noise: number) => number;
  /** The uncorrected noise that the budget allows. */
  readonly limit: number;
  readonly calibration?: Calibration;
}

/**
 * Explains a proposal, layer by layer: what each form takes and saves, the noise it brings, and what the
 * next best form would have come to. Layers that only move values are left out.
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

interface Alternative {
  readonly form: string;
  readonly proposal: Proposal;
  /** Noise of the whole beyond what it is without the layer's own. */
  readonly addedNoise: number;
}

function explainLayer(
  proposal: Proposal,
  kernels: readonly number[],
  explanation: Explanation,
  { layer, path, opTypes }: { layer: string; path: string; opTypes: readonly string[] },
): DecisionRow[] {
  const { space, chosen } = proposal;
  const plain = inForm(proposal, kernels, "float32");
  if (!plain) return [];
  const noiseWithout = largest(plain.noise);
  const addedNoise = Math.max(0, largest(proposal.noise) - noiseWithout);
  const own = formOf(proposal, kernels);
  const forms = new Set(
    kernels.flatMap((i) => space.problem.kernels[i]!.choices.map(({ form }) => form)),
  );
  const others = [...forms].filter((form) => form !== own).flatMap((form): Alternative[] => {
    const other = inForm(proposal, kernels, form);
    return other
      ? [{ form, proposal: other, addedNoise: Math.max(0, largest(other.noise) - noiseWithout) }]
      : [];
  });
  const next = nextBest(proposal, others, explanation.limit);
  const noise = (power: number) => ({ dB: decibelsOf(power), drop: explanation.dropOf(power) });
  const observers = observersOf(proposal, kernels);
  return [{
    node: layer,
    pieces: kernels.length,
    opType: opTypes.join(" + "),
    path,
    form: own,
    ...(observers.length > 0 && { observers }),
    ms: kernels.reduce((sum, i) => sum + chosen[i]!.kernelMs, 0),
    savesMs: plain.ms - proposal.ms,
    savesBytes: Math.round(plain.bytes - proposal.bytes),
    ...(addedNoise > 0 && noise(addedNoise)),
    ...(next && {
      next: {
        form: next.form,
        ms: next.proposal.ms - proposal.ms,
        bytes: Math.round(next.proposal.bytes - proposal.bytes),
        ...(next.addedNoise > 0 && noise(next.addedNoise)),
      },
    }),
    why: [whyOf(proposal, next, explanation.limit), ...outliersOf(proposal, kernels, explanation)]
      .filter((text) => text !== "").join("; "),
  }];
}

/** The form that most of a layer's time goes to. */
function formOf({ chosen, space }: Proposal, kernels: readonly number[]): string {
  const weighed = kernels.filter((i) => !space.base.problem.kernels[i]!.nodes.every(onlyMovesData));
  const groups = [...Map.groupBy(weighed, (i) => chosen[i]!.form)].map(([form, own]) => ({
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
    const own = space.problem.kernels[i]!.choices.filter((choice) => choice.form === form);
    any ||= own.length > 0;
    // What cannot be so goes with the rest where it may: float32 beside stored weights.
    const other = best(own) ?? best(
      space.problem.kernels[i]!.choices.filter((choice) => choice.form === "float32"),
    );
    if (other) changed[i] = other;
  }
  return any ? proposalOf(space, changed) : undefined;
}

function best(choices: readonly SearchChoice[]): SearchChoice | undefined {
  return choices.toSorted((a, b) => a.ms - b.ms)[0];
}

/** The best of the other forms that keep the limit; where one is better still but too noisy, that one. */
function nextBest(
  proposal: Proposal,
  others: readonly Alternative[],
  limit: number,
): Alternative | undefined {
  const least = (of: readonly Alternative[]) =>
    of.toSorted((a, b) => valueOf(a.proposal) - valueOf(b.proposal))[0];
  const isNoisy = ({ proposal }: Alternative) => largest(proposal.noise) > limit;
  const rejected = least(
    others.filter((one) => isNoisy(one) && valueOf(one.proposal) < valueOf(proposal)),
  );
  return rejected ?? least(others.filter((one) => !isNoisy(one))) ?? least(others);
}

function whyOf(proposal: Proposal, next: Alternative | undefined, limit: number): string {
  if (!next) return "there is no other form";
  const gain = valueOf(proposal) - valueOf(next.proposal);
  const isNoisy = largest(next.proposal.noise) > limit;
  if (gain > 0 && isNoisy) return `${next.form} would be better, but its noise is beyond the limit`;
  if (gain > 0) return `as good as ${next.form}, with less noise`;
  return isNoisy ? "nothing else keeps the limit" : "the best there is";
}

/** Observers other than the default of the tensors that a layer rounds, as `observer of tensor`. */
function observersOf({ space, chosen }: Proposal, kernels: readonly number[]): string[] {
  const rounded = roundedTensors(space.problem, chosen);
  const names = kernels.flatMap((i) => {
    const { inputs, outputs } = space.problem.kernels[i]!;
    return [...inputs, ...outputs].filter((name) => rounded.has(name));
  });
  const sources = roundingsOf(space.base);
  const found = names.flatMap((name) => {
    const { observer = DEFAULT_OBSERVER } = space.rounding.get(name) ?? {};
    return observer === DEFAULT_OBSERVER ? [] : [`${observer} of ${sources.get(name)?.of ?? name}`];
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
