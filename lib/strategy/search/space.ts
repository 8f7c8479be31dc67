import type { KernelChoice, KernelChoices } from "../../cost/candidates.ts";
import type { Base } from "../../cost/exact_forms.ts";
import { loadTakes } from "../../cost/load_cost.ts";
import type { Choice, PlacementProblem } from "../../cost/placement.ts";
import { isInt8 } from "../../cost/tensor_form.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import { byteLengthOf } from "../../onnx/tensor_proto.ts";
import { loadCost } from "../../passes/load_facts.ts";
import { type GraphFacts, graphFacts } from "../../quantize/graph_facts.ts";
import { storableWeights } from "../../quantize/weight_only.ts";
import type { WinogradForm } from "../../record/recipe.ts";
import type { Objective } from "../../record/objective.ts";
import type { Sensitivities } from "../../replay/layer_noise.ts";
import { layersOf, onlyMovesData, roundingsOf } from "./roundings.ts";
import {
  BYTES_LEFT,
  type ChoiceForm,
  SEARCH_OBSERVERS,
  STORED_WEIGHTS,
  type StoredWeights,
} from "./search_forms.ts";

/** A way to compute a kernel, with all that a search weighs. */
export interface SearchChoice extends Choice {
  /** The choice that was timed. */
  readonly timed: KernelChoice;
  /** What becomes of the kernel's nodes. */
  readonly form: ChoiceForm;
  /** Milliseconds of the kernel, conversions around it aside; `ms` is its cost to the solver. */
  readonly kernelMs: number;
  /** Bytes of its weights in the file. */
  readonly bytes: number;
  /** Noise at each output, as measured by itself; without that of rounding its tensors. */
  readonly noise: readonly number[];
}

/** The kernels of a base with their choices, and what each tensor's rounding does. */
export interface SearchSpace {
  readonly base: Base;
  readonly sensitivities: Sensitivities;
  readonly objective: Objective;
  readonly problem: PlacementProblem<SearchChoice>;
  /** By tensor, the name of the observer with the least noise and that noise, at each output. */
  readonly rounding: ReadonlyMap<
    string,
    { readonly observer: string; readonly noise: readonly number[] }
  >;
  readonly worth: Worth;
}

/** What is to be least is one figure: time and size, each by its worth. */
export interface Worth {
  /** Of a millisecond: 1 where time counts. */
  readonly ms: number;
  /** Of a byte of weights: 1 where size counts. */
  readonly byte: number;
}

/**
 * Share of the whole time that the whole of the weights is worth where time is what counts: less than
 * a time can be measured to, so that it decides only between equals.
 */
const SIZE_AS_TIME = 0.01;

/** Share of the whole size that the whole time is worth where size is what counts. */
const TIME_AS_SIZE = 0.02;

/**
 * Spreads the choices of a base: each timed form, and each way to store the weights of float32. What
 * was not measured is no choice.
 *
 * @param sensitivities What each change does to the outputs by itself.
 */
export function searchSpace(
  base: Base,
  sensitivities: Sensitivities,
  objective: Objective,
): SearchSpace {
  const { problem, network: { model } } = base;
  const facts = graphFacts(model.graph);
  const bytes = problem.kernels.map(({ nodes }) => weightBytes(nodes, facts));
  const rounding = roundingNoises(base, sensitivities);
  const noises = kernelNoises(base, sensitivities, bytes);
  const choices = problem.kernels.map((kernel, i) =>
    choicesOf(kernel, {
      bytes: bytes[i]!,
      noiseOf: noises[i]!,
      isMeasured: (tensor) => rounding.has(tensor),
      silent: sensitivities.outputs.map(() => 0),
    })
  );
  const float32 = {
    ms: choices.reduce((sum, own) => sum + fastestFloat(own), 0),
    bytes: Math.max(1, bytes.reduce((sum, own) => sum + own, 0)),
  };
  const worth = worthIn(objective, float32);
  // The solver's tolerances suit costs of the order of milliseconds.
  const unit = objective === "latency" ? 1 : float32.ms / float32.bytes;
  const costOf = (choice: SearchChoice) =>
    unit * (worth.ms * choice.kernelMs + worth.byte * choice.bytes);
  return {
    ...{ base, sensitivities, objective, rounding, worth },
    problem: {
      ...problem,
      kernels: problem.kernels.map((kernel, i) => ({
        ...kernel,
        choices: choices[i]!.map((choice) => ({ ...choice, ms: costOf(choice) })),
      })),
      prices: (step, elements) => unit * worth.ms * problem.prices(step, elements),
    },
  };
}

/** @param float32 What the whole takes in float32, and the bytes of its weights. */
function worthIn(objective: Objective, float32: { ms: number; bytes: number }): Worth {
  return objective === "latency"
    ? { ms: 1, byte: SIZE_AS_TIME * float32.ms / float32.bytes }
    : { ms: TIME_AS_SIZE * float32.bytes / float32.ms, byte: 1 };
}

function fastestFloat(choices: readonly SearchChoice[]): number {
  return Math.min(...choices.filter(({ form }) => form === "float32").map(({ ms }) => ms));
}

/** Noise at each output of a kernel in a form; undefined where that was not measured. */
type NoiseOf = (form: Exclude<ChoiceForm, "static" | "float32">) => readonly number[] | undefined;

/** What the choices of a kernel are made of. */
interface KernelFacts {
  /** Of its weights in float32. */
  readonly bytes: number;
  readonly noiseOf: NoiseOf;
  /** Whether it is known what rounding a tensor does. */
  readonly isMeasured: (tensor: string) => boolean;
  /** No noise at any output. */
  readonly silent: readonly number[];
}

/** The choices of a kernel; their cost is still their time. */
function choicesOf(kernel: KernelChoices, facts: KernelFacts): SearchChoice[] {
  const { bytes, noiseOf, isMeasured, silent } = facts;
  const movesData = kernel.nodes.every(onlyMovesData);
  const choice = (
    timed: KernelChoice,
    form: SearchChoice["form"],
    noise: readonly number[] | undefined,
  ): SearchChoice[] => {
    if (!noise) return [];
    const { input, output, ms } = timed;
    return [{
      ...{ timed, form, input, output, ms, kernelMs: ms, noise },
      takes: [...loadOf(timed, form), ...noise],
      bytes: bytes * BYTES_LEFT[form],
      carries: form === "static" && movesData,
    }];
  };
  return kernel.choices.flatMap((timed) => {
    switch (timed.kind) {
      case "static": {
        const rounded = [
          ...isInt8(timed.input) ? kernel.inputs : [],
          ...isInt8(timed.output) ? kernel.outputs : [],
        ];
        if (!rounded.every(isMeasured)) return [];
        return choice(timed, "static", bytes > 0 ? noiseOf("int8 weights") : silent);
      }
      case "dynamic":
        return timed.written
          ? choice(timed, "integer products", noiseOf("integer products"))
          : choice(timed, "dynamic", noiseOf("dynamic"));
      case "float32":
        return [
          ...choice(timed, "float32", silent),
          ...STORED_WEIGHTS.flatMap((form) => bytes > 0 ? choice(timed, form, noiseOf(form)) : []),
        ];
    }
  });
}

/** What a choice takes of the limits on opening it, if there are any: weights stored small are computed first. */
function loadOf({ takes, load }: KernelChoice, form: SearchChoice["form"]): readonly number[] {
  if (!takes || !isStoredSmall(form)) return takes ?? [];
  const { stored, computed, ...rest } = load;
  return loadTakes(loadCost({
    ...rest,
    stored: stored * BYTES_LEFT[form],
    computed: computed + stored,
  }));
}

function isStoredSmall(form: ChoiceForm): form is StoredWeights {
  return STORED_WEIGHTS.some((stored) => stored === form);
}

/**
 * For each kernel, the noise that it brings by itself. Noise was measured of whole layers: kernels that
 * compute one together have equal parts of it, those without weights none of that of weights.
 */
function kernelNoises(
  base: Base,
  sensitivities: Sensitivities,
  bytes: readonly number[],
): NoiseOf[] {
  const { problem: { kernels } } = base;
  const layers = layersOf(base);
  const count = (layer: string, has: (kernel: number) => unknown) =>
    Math.max(1, kernels.filter((_, i) => layers[i] === layer && has(i)).length);
  const isDynamic = (i: number) =>
    kernels[i]!.choices.some(({ kind, written }) => kind === "dynamic" && !written);
  const hasIntegers = (i: number) =>
    kernels[i]!.choices.some(({ kind, written }) => kind === "dynamic" && written);
  return layers.map((layer) => {
    const weighed = count(layer, (i) => bytes[i]! > 0);
    const dynamic = count(layer, isDynamic);
    const written = count(layer, hasIntegers);
    return (form) => {
      const parts = form === "dynamic" ? dynamic : form === "integer products" ? written : weighed;
      return sensitivities.layers[layer]?.[form]?.map((noise) => noise / parts);
    };
  });
}

/** For each tensor that may be rounded, the observer with the least noise, and that noise. */
function roundingNoises(base: Base, { tensors }: Sensitivities): SearchSpace["rounding"] {
  const found = new Map<string, { observer: string; noise: readonly number[] }>();
  for (const [tensor, { of, share }] of roundingsOf(base)) {
    const entries = Object.entries(tensors[of] ?? {})
      .filter(([observer]) => SEARCH_OBSERVERS.has(observer));
    if (entries.length === 0) continue;
    const [observer, noise] = entries.reduce((a, b) => largest(b[1]) < largest(a[1]) ? b : a);
    found.set(tensor, { observer, noise: noise.map((power) => power * share) });
  }
  return found;
}

/** Bytes of the weights of some nodes; of weights that several nodes read, each has its share. */
function weightBytes(nodes: readonly NodeProto[], facts: GraphFacts): number {
  const sizes = nodes.flatMap((node) =>
    storableWeights(node, facts).map((input) => {
      const name = node.input[input]!;
      const readers = facts.graph.node.filter(({ input }) => input.includes(name)).length;
      return byteLengthOf(facts.floatConstant(name)!) / Math.max(1, readers);
    })
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** What a choice is called: its form, and what its Conv is written as. */
export function formLabel(form: SearchChoice["form"], written?: WinogradForm): string {
  if (!written) return form;
  return form === "integer products" ? written : `${form}, ${written}`;
}

/** The largest noise at an output. */
export function largest(noises: readonly number[]): number {
  return Math.max(0, ...noises);
}
