import type { Calibration } from "../calibrate/calibration.ts";
import { type PlacementProblem, roundedTensors } from "../cost/placement.ts";
import { modulePaths } from "../onnx/module_path.ts";
import type { DecisionRow } from "../study/records.ts";
import { DEFAULT_OBSERVER } from "./assignment.ts";
import { decibels } from "./noise.ts";
import { outlierNote } from "./outliers.ts";
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
 * Explains a proposal, item by item: what each form takes and saves, the noise it brings, and what the
 * next best form would have come to.
 */
export function explainDecisions(proposal: Proposal, explanation: Explanation): DecisionRow[] {
  const { space, chosen } = proposal;
  const { items, survey: { model } } = { ...space.problem, survey: space.base.survey };
  const paths = modulePaths(model.graph);
  const whole = largest(proposal.noise);
  return items.flatMap((item, i): DecisionRow[] => {
    const { nodes } = space.base.problem.items[i]!;
    const own = chosen[i]!;
    const plain = item.choices.find(({ form }) => form === "float32");
    const others = variants(proposal, i);
    if (others.length === 0 || !plain) return [];
    const without = proposalOf(space, chosen.with(i, plain));
    const brought = Math.max(0, whole - largest(without.noise));
    const observers = observersOf(proposal, i);
    const next = nextBest(proposal, others, explanation.limit);
    const outliers = outliersOf(proposal, i, explanation.calibration);
    return [{
      node: nodes[0]!.name,
      more: nodes.slice(1).map(({ name }) => name),
      opType: nodes.map(({ opType }) => opType).join(" + "),
      path: paths.get(nodes[0]!) ?? "",
      form: own.form,
      ...(observers.length > 0 && { observers }),
      ms: own.itemMs,
      savesMs: without.ms - proposal.ms,
      savesBytes: Math.round(plain.bytes - own.bytes),
      ...(brought > 0 && { dB: decibels(brought), drop: explanation.dropOf(brought) }),
      ...(next && {
        next: {
          form: next.other.form,
          ms: next.proposal.ms - proposal.ms,
          bytes: Math.round(next.other.bytes - own.bytes),
          ...(next.brought > 0 && {
            dB: decibels(next.brought),
            drop: explanation.dropOf(next.brought),
          }),
        },
      }),
      why: whyOf(proposal, next, explanation.limit, outliers),
    }];
  });
}

interface Alternative {
  readonly other: SearchChoice;
  readonly proposal: Proposal;
  /** Noise of the whole more than without the item's own. */
  readonly brought: number;
}

/** The proposal with another form of an item, the best of each form. */
function variants({ space, chosen, ...rest }: Proposal, i: number): Alternative[] {
  const { choices } = space.problem.items[i]!;
  const proposal = { space, chosen, ...rest };
  const plain = choices.find(({ form }) => form === "float32");
  const without = plain ? largest(proposalOf(space, chosen.with(i, plain)).noise) : 0;
  const groups = Map.groupBy(choices, ({ form }) => form);
  groups.delete(proposal.chosen[i]!.form);
  return [...groups.values()].map((same) =>
    same.map((other): Alternative => {
      const moved = proposalOf(space, chosen.with(i, other));
      return { other, proposal: moved, brought: Math.max(0, largest(moved.noise) - without) };
    }).reduce((a, b) => valueOf(b.proposal) < valueOf(a.proposal) ? b : a)
  );
}

/** The best of the other forms that keep the limit; where one is better still but too noisy, that one. */
function nextBest(
  proposal: Proposal,
  others: readonly Alternative[],
  limit: number,
): Alternative | undefined {
  const best = (of: readonly Alternative[]) =>
    of.toSorted((a, b) => valueOf(a.proposal) - valueOf(b.proposal))[0];
  const tempting = best(
    others.filter((one) =>
      valueOf(one.proposal) < valueOf(proposal) && largest(one.proposal.noise) > limit
    ),
  );
  return tempting ?? best(others.filter((one) => largest(one.proposal.noise) <= limit)) ??
    best(others);
}

function whyOf(
  proposal: Proposal,
  next: Alternative | undefined,
  limit: number,
  outliers: readonly string[],
): string {
  const reasons: string[] = [];
  if (next) {
    const gain = valueOf(proposal) - valueOf(next.proposal);
    const isNoisy = largest(next.proposal.noise) > limit;
    if (gain > 0 && isNoisy) {
      reasons.push(`${next.other.form} would be better, but its noise is beyond the limit`);
    } else if (gain > 0) reasons.push(`as good as ${next.other.form} within what can be measured`);
    else if (isNoisy) reasons.push(`nothing else keeps the limit`);
    else reasons.push(`better than ${next.other.form}`);
  }
  return [...reasons, ...outliers].join("; ");
}

/** Observers other than the default of the tensors that an item has to do with. */
function observersOf({ space, chosen }: Proposal, i: number): string[] {
  const rounded = roundedTensors(space.problem as PlacementProblem, chosen);
  const { inputs, outputs } = space.problem.items[i]!;
  return [...new Set([...inputs, ...outputs])].filter((name) => rounded.has(name))
    .flatMap((name) => {
      const { observer = DEFAULT_OBSERVER } = space.rounding.get(name) ?? {};
      return observer === DEFAULT_OBSERVER ? [] : [`${observer} of ${name}`];
    });
}

/** What is odd about the tensors of an item that could have been static. */
function outliersOf({ space }: Proposal, i: number, calibration?: Calibration): string[] {
  const { inputs, outputs, choices } = space.problem.items[i]!;
  if (!calibration || !choices.some(({ form }) => form === "static")) return [];
  return [...new Set([...inputs, ...outputs])].flatMap((name) => {
    const seen = calibration.statistics.get(name);
    return (seen && outlierNote(name, seen)) ?? [];
  });
}
