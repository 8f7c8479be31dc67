import type { KernelChoice } from "../../../lib/cost/candidates.ts";
import type { Base } from "../../../lib/cost/exact_forms.ts";
import type { ConversionTimes } from "../../../lib/cost/conversion_times.ts";
import type { NetworkFacts } from "../../../lib/cost/network_facts.ts";
import type { Model } from "../../../lib/onnx/model.ts";
import {
  dynamicInt8,
  float32 as float32QConfig,
  type QConfig,
  staticInt8,
} from "../../../lib/quantize/qconfig.ts";
import type { Objective } from "../../../lib/record/objective.ts";
import type { ExactForm, Recipe } from "../../../lib/record/recipe.ts";
import type { Trial } from "../../../lib/record/trial_record.ts";
import type { Sensitivities } from "../../../lib/replay/layer_noise.ts";
import type { NoiseCurve } from "../../../lib/strategy/search/noise_to_drop.ts";
import { type Proposal, proposalOf } from "../../../lib/strategy/search/proposal.ts";
import { type SearchSpace, searchSpace } from "../../../lib/strategy/search/space.ts";
import { float32, type Tensor } from "../../../lib/tensor/tensor.ts";
import { modelOf } from "../../quantize/fixture.ts";

/** The observer that measurements name first. */
export const USUAL = "lp-norm 2.4";

/** What a kernel of a made-up network takes, ms, in each form that it has. */
export interface MadeUpKernel {
  /** Names of its nodes. */
  readonly nodes: readonly string[];
  readonly float32: number;
  readonly static?: number;
  readonly dynamic?: number;
  /** Of a Conv with integer products. */
  readonly integers?: number;
}

/** What a made-up base consists of. */
export interface MadeUpBase {
  readonly kernels: readonly MadeUpKernel[];
  readonly form?: ExactForm;
  /** Dimensions of values. @default {[1, 16] for each} */
  readonly dims?: Readonly<Record<string, readonly number[]>>;
  /** What each conversion of a tensor takes, ms. @default {0} */
  readonly conversionMs?: number;
}

/** A base with times by hand: nothing of it ever runs. */
export function madeUpBase(model: Model, parts: MadeUpBase): Base {
  const { kernels, form = "fused", dims = {}, conversionMs = 0 } = parts;
  const { graph } = model;
  const constant = new Set(graph.initializer.map(({ name }) => name));
  const names = [
    ...graph.input.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ];
  const values = new Map(names.map((name): [string, Tensor] => {
    const own = dims[name] ?? [1, 16];
    return [name, float32(own, new Float32Array(own.reduce((a, b) => a * b, 1)))];
  }));
  const prices: ConversionTimes = () => conversionMs;
  return {
    name: "made up",
    form,
    // A search asks for no shapes.
    network: Object.assign({} as NetworkFacts, { model, values }),
    problem: {
      kernels: kernels.map((kernel) => {
        const nodes = kernel.nodes.map((name) => graph.node.find((node) => node.name === name)!);
        const made = nodes.flatMap(({ output }) => output);
        const read = nodes.flatMap(({ input }) => input);
        return {
          nodes,
          inputs: [...new Set(read)].filter((name) => !constant.has(name) && !made.includes(name)),
          outputs: made.filter((name) => !read.includes(name)),
          choices: choicesOf(kernel),
        };
      }),
      results: graph.output.map(({ name }) => name),
      elements: () => 16,
      prices,
    },
  };
}

function choicesOf({ nodes, ...ms }: MadeUpKernel): KernelChoice[] {
  const asked = (qconfig: QConfig) => new Map(nodes.map((name) => [name, qconfig]));
  const load = { stored: 0, computed: 0, packed: 0, nodes: 1 };
  const float = { input: "float", output: "float", load, candidate: 0 } as const;
  const int8 = { input: "int8", output: "int8", load, candidate: 1 } as const;
  return [
    { kind: "float32", ...float, ms: ms.float32, asked: new Map() },
    ...(ms.static === undefined
      ? []
      : [{ kind: "static", ...int8, ms: ms.static, asked: asked(staticInt8()) } as const]),
    ...(ms.dynamic === undefined
      ? []
      : [{ kind: "dynamic", ...float, ms: ms.dynamic, asked: asked(dynamicInt8()) } as const]),
    ...(ms.integers === undefined ? [] : [
      {
        ...{ kind: "dynamic", ...float, ms: ms.integers, asked: asked(float32QConfig) } as const,
        written: "winograd 2x2, integers",
      } as const,
    ]),
  ];
}

/** Layers of {@linkcode layersSpace}, by name. */
export interface MadeUpLayers {
  readonly [name: string]: {
    /** Milliseconds that static int8 saves of 10. */
    readonly saves: number;
    /** Noise that its weights bring in int8, in ten thousandths of the signal's power. */
    readonly noise: number;
  };
}

/** Four layers: every whole number of 0 to 15 is what one mix saves, and its noise. */
export const BINARY: MadeUpLayers = {
  n1: { saves: 1, noise: 1 },
  n2: { saves: 2, noise: 2 },
  n4: { saves: 4, noise: 4 },
  n8: { saves: 8, noise: 8 },
};

/**
 * A chain of layers of 10 ms and 1 kB of weights. Conversions take no time, and rounding what goes
 * between them brings no noise.
 */
export function layersSpace(layers: MadeUpLayers, objective: Objective = "latency"): SearchSpace {
  const names = Object.keys(layers);
  const base = madeUpBase(chain(names), {
    kernels: names.map((name) => ({
      nodes: [name],
      float32: 10,
      static: 10 - layers[name]!.saves,
    })),
  });
  const tensors = ["x", ...names.map((name) => `${name}_out`)];
  const sensitivities: Sensitivities = {
    outputs: ["y"],
    samples: 1,
    tensors: Object.fromEntries(tensors.map((name) => [name, { [USUAL]: [0] }])),
    layers: Object.fromEntries(
      names.map((name) => [name, { "int8 weights": [layers[name]!.noise * 1e-4] }]),
    ),
  };
  return searchSpace(base, sensitivities, objective);
}

/** Gemms in a row, each with its own 16 x 16 weights. */
export function chain(names: readonly string[]): Model {
  const nodes = names.map((name, i) =>
    `${name}_out = Gemm(${i === 0 ? "x" : `${names[i - 1]}_out`}, ${name}_w) @ ${name}`
  );
  return modelOf(
    [
      "graph chain",
      "input x float32[1, 16]",
      `output ${names.at(-1)}_out float32[1, 16]`,
      ...nodes,
    ].join("\n"),
    Object.fromEntries(names.map((name) => [`${name}_w`, [16, 16]])),
  );
}

/** A mix in which some layers are static, and the others float32. */
export function mixOf(space: SearchSpace, ...isStatic: readonly string[]): Proposal {
  return inForms(space, Object.fromEntries(isStatic.map((name) => [name, "static"])));
}

/** A mix of forms by the name of each kernel's first node; the others are float32. */
export function inForms(
  space: SearchSpace,
  forms: Readonly<Record<string, string>>,
): Proposal {
  const chosen = space.problem.kernels.map(({ choices }, i) => {
    const { name } = space.base.problem.kernels[i]!.nodes[0]!;
    return choices.find(({ form }) => form === (forms[name] ?? "float32"))!;
  });
  return proposalOf(space, chosen);
}

/** Names of the nodes that a recipe makes static, joined: "n1 n8". */
export function staticNodes(recipe: Recipe): string {
  if (recipe.kind !== "assignment") return "";
  return Object.entries(recipe.forms).filter(([, { kind }]) => kind === "static")
    .map(([name]) => name).join(" ");
}

/** A tenth of a point for each ten thousandth of noise: drop = 1000 x noise, and a jump above 0.1. */
export const STRAIGHT: NoiseCurve = { noise: [0.1, 0.2], drop: [100, 1000] };

/** The metric that made-up trials are measured by. */
export const TOP1 = { name: "top-1", unit: "%", digits: 1, higherIsBetter: true, share: true };

/** What was measured of a made-up trial. */
export interface MadeUpOutcome {
  /** Points of top-1. */
  readonly drop: number;
  /** Time as a share of float32's, known to 1 %. */
  readonly ratio: number;
  readonly bytes: number;
  /** Signal over noise at the output. @default {not known} */
  readonly sqnr?: number;
}

/** A trial as it is told; with an error if there is a text in the place of an outcome. */
export function trialOf(recipe: Recipe, outcome: MadeUpOutcome | string): Trial {
  const name = JSON.stringify(recipe);
  const trial: Trial = {
    ...{ key: name, name, family: "mixed", recipe, executes: {}, plan: [], seconds: 1 },
  };
  if (typeof outcome === "string") return { ...trial, error: outcome };
  const { drop, ratio, bytes, sqnr } = outcome;
  const exact = (value: number) => ({ value, low: value, high: value, n: 100 });
  return {
    ...trial,
    bytes,
    accuracy: { split: "selection", value: exact(90 - drop), difference: exact(-drop) },
    ...(sqnr !== undefined && { outputs: { sqnr, cosine: 1 } }),
    latency: {
      ...{ threads: 1, rounds: 15, baselineMs: 40, candidateMs: 40 * ratio },
      ratio: { value: ratio, low: 0.99 * ratio, high: 1.01 * ratio, n: 15 },
      ...{ drifted: false, machine: "made up" },
    },
  };
}
