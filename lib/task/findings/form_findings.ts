import type { FileFinding } from "../../record/diagnosis_record.ts";
import type { LayerCost } from "../../profile/layer_costs.ts";

/** A node that could be written as others. */
export interface FormView {
  readonly name: string;
  readonly opType: string;
  /** Of the node, and of those that could stand in its place. */
  readonly cost: LayerCost;
}

interface FormRule {
  readonly id: string;
  readonly opTypes: readonly string[];
  readonly why: string;
  readonly mends: string;
}

const ELSE: FormRule = {
  id: "slow-operators",
  opTypes: [],
  why: "the kernel of this operator goes element by element; others make the same numbers faster.",
  mends: "other operators that give the same numbers.",
};

/** What is slow about float32 operators that a pass writes in another form. */
const FORM_RULES: readonly FormRule[] = [
  {
    id: "slow-convolutions",
    opTypes: ["Conv"],
    why:
      "Conv multiplies each tap of its kernel; by Winograd's algorithm a map takes a third to a half of " +
      "these multiplications.",
    mends:
      "the same convolution by Winograd's algorithm: the same numbers up to rounding, with up to twice " +
      "the memory for weights.",
  },
  {
    id: "slow-activations",
    opTypes: ["Relu", "Clip", "LeakyRelu", "HardSigmoid"],
    why: "where the runtime does not take it into the node before, it branches at each element.",
    mends: "Max, Min or PRelu, which give the same bits.",
  },
  {
    id: "slow-norms",
    opTypes: ["LayerNormalization", "InstanceNormalization", "ReduceMean"],
    why:
      "the kernel adds up one number at a time; so does the LayerNormalization that the runtime makes of " +
      "its parts.",
    mends:
      "its parts, with GlobalAveragePool for the means: the same numbers up to the order of sums.",
  },
  {
    id: "slow-exponentials",
    opTypes: ["Softplus", "Mish", "Gelu", "Erf", "Elu", "Selu", "Celu", "HardSwish"],
    why: "the kernel calls a function of the maths library for each element.",
    mends: "the same numbers by Exp, Tanh and products.",
  },
];

/** The operator that runs: norms in their parts are one to the runtime. */
function operatorOf({ opType, cost: { runs } }: FormView): string {
  return runs.find((one) => one === "LayerNormalization") ?? opType;
}

/** What is slow for no reason: operators by kind, with what other forms of them take. */
export function formFindings(views: readonly FormView[], wholeMs: number): FileFinding[] {
  const groups = Map.groupBy(views, operatorOf);
  return [...groups].map(([opType, own]) => {
    const rule = FORM_RULES.find(({ opTypes }) => opTypes.includes(opType)) ?? ELSE;
    const ms = own.reduce((sum, { cost }) => sum + cost.ms, 0);
    const mendedMs = own.reduce((sum, { cost }) => sum + cost.otherMs, 0);
    return {
      rule: rule.id,
      title: `${opType} in a slow form`,
      nodes: own.map(({ name }) => name),
      layers: own.length,
      ...{ ms, share: ms / wholeMs, mendedMs, mendedAs: "exact", savesMs: ms - mendedMs },
      why: rule.why,
      mends: rule.mends,
    };
  });
}
