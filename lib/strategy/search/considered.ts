import { decibelsOf } from "../../evaluate/closeness.ts";
import { loadCost } from "../../passes/load_facts.ts";
import { nodesMs, placementTakes } from "../../cost/placement.ts";
import { ruledOut } from "../../cost/ruled_out.ts";
import { winogradParts } from "../../record/winograd_parts.ts";
import type { ConsideredForm } from "../../record/layer_choices.ts";
import { costOf, type Proposal } from "./proposal.ts";
import { formLabel, largest } from "./space.ts";

/** A proposal in which one layer has another form. */
export interface Alternative {
  readonly form: string;
  readonly proposal: Proposal;
}

/** What forms of a layer are told with. */
export interface Considered {
  /** The kernels that the layer is computed by. */
  readonly kernels: readonly number[];
  /** The form that it has. */
  readonly form: string;
  readonly why: string;
  /** Noise at the worst output where the layer is float32. */
  readonly noiseWithout: number;
  /** The largest sum of noises that keeps the budget. */
  readonly limit: number;
}

/** Every form of a layer, the one that it has first, with why the others lost. */
export function consideredForms(
  proposal: Proposal,
  others: readonly Alternative[],
  { kernels, form, why, noiseWithout, limit }: Considered,
): ConsideredForm[] {
  const told = (one: Alternative, chosen: boolean): ConsideredForm => {
    const own = kernels.map((i) => one.proposal.chosen[i]!);
    const sum = (of: (choice: typeof own[number]) => number) =>
      own.reduce((total, choice) => total + of(choice), 0);
    const noise = largest(one.proposal.noise) - noiseWithout;
    return {
      ...{ form: one.form, chosen },
      ms: sum(({ kernelMs }) => kernelMs),
      nodes: sum(({ timed }) => timed.nodes ?? 1),
      nodesMs: sum(({ timed }) => nodesMs(one.proposal.space.base.problem, timed)),
      ...(!chosen && { moreMs: one.proposal.ms - proposal.ms }),
      ...(noise > 0 && { dB: decibelsOf(noise) }),
      createMs: sum(({ timed }) => loadCost(timed.load).createMs),
      heapBytes: sum(({ timed }) => loadCost(timed.load).heapBytes),
      bytes: Math.round(sum(({ bytes }) => bytes)),
      why: chosen ? `chosen: ${why}` : whyLost(proposal, one.proposal, limit),
    };
  };
  const rows = others.map((one) => told(one, false)).sort((a, b) => a.moreMs! - b.moreMs!);
  const none = kernels.flatMap((i) =>
    ruledOut(
      proposal.space.base.problem.kernels[i]!,
      (written) =>
        formLabel(winogradParts(written).hasIntegers ? "integer products" : "float32", written),
    )
  );
  return [told({ form, proposal }, true), ...rows, ...none];
}

function whyLost(proposal: Proposal, other: Proposal, limit: number): string {
  const { space: { base: { problem }, objective } } = proposal;
  const better = objective === "latency" ? "faster" : "smaller";
  const isBetter = costOf(other) < costOf(proposal);
  const but = isBetter ? `${better}, but ` : "";
  const takes = placementTakes(problem, other.chosen.map(({ timed }) => timed));
  const over = (problem.limits ?? []).flatMap(({ most }, l) =>
    takes[l]! > most ? [LIMITS[l]!] : []
  );
  if (largest(other.noise) > limit) return `${but}with more noise than the budget allows`;
  if (over.length > 0) {
    return `${but}takes the whole over the limit on the ${over.join(" and the ")}`;
  }
  if (isBetter) return `about as ${objective === "latency" ? "fast" : "small"}`;
  return objective === "latency" ? "slower" : "larger";
}

/** In the order of `loadLimits()`. */
const LIMITS = ["time to create a session (--max-create)", "WASM heap (--max-heap)"];
