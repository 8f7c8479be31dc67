import type { KernelChoice, NetworkProblem } from "../../cost/candidates.ts";
import {
  type Choice,
  type Limit,
  placementMs,
  type PlacementProblem,
  placementTakes,
  roundedTensors,
} from "../../cost/placement.ts";
import { solvePlacement } from "../../cost/solve.ts";
import { isInt8 } from "../../cost/tensor_form.ts";
import { byteLengthOf } from "../../onnx/tensor_proto.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import type { Objective } from "../../record/best.ts";
import { type GraphFacts, graphFacts } from "../../quantize/graph_facts.ts";
import { storableWeights } from "../../quantize/weight_only.ts";
import { type Assignment, DEFAULT_OBSERVER, type NodeForm } from "./assignment.ts";
import type { Base } from "../../cost/exact_forms.ts";
import { layersOf, onlyMovesData, roundingsOf } from "./roundings.ts";
import type { Sensitivities } from "../../replay/layer_noise.ts";

/** A way to compute an kernel, with all that a search weighs. */
export interface SearchChoice extends Choice {
  /** What the time model calls it. */
  readonly timed: KernelChoice;
  /** What becomes of the kernel's nodes, in a word. */
  readonly form: NodeForm | "float32";
  /** Milliseconds of the kernel, changes of precision around it aside. */
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
  /** By tensor, the observer with the least noise and what that is, at each output. */
  readonly rounding: ReadonlyMap<
    string,
    { readonly observer: string; readonly noise: readonly number[] }
  >;
  /** What the whole takes in float32, ms, and the bytes of its weights. */
  readonly float32: { readonly ms: number; readonly bytes: number };
}

/** A whole model as the space predicts it. */
export interface Proposal {
  readonly space: SearchSpace;
  readonly chosen: readonly SearchChoice[];
  readonly ms: number;
  /** Bytes of weights. */
  readonly bytes: number;
  /** Noise at each output, uncorrected. */
  readonly noise: readonly number[];
}

/**
 * Share of the whole time that the whole of the weights is worth where time is what counts: less than
 * a time can be measured to, so that it decides only between equals.
 */
const SIZE_AS_TIME = 0.01;

/** Share of the whole size that the whole time is worth where size is what counts. */
const TIME_AS_SIZE = 0.02;

/** What int8 and other small weights take of float32's bytes, their scales aside. */
const STORED: Readonly<Record<NodeForm | "float32", number>> = {
  "float32": 1,
  "float16 weights": 0.5,
  "int8 weights": 0.25,
  "int4 weights": 0.14,
  "static": 0.25,
  "dynamic": 0.25,
};

/** Spreads the choices of a base: each timed form, and each way to store the weights of float32. */
export function searchSpace(
  base: Base,
  sensitivities: Sensitivities,
  objective: Objective,
): SearchSpace {
  const { problem, network: { model } } = base;
  const facts = graphFacts(model.graph);
  const rounding = roundingNoises(base, sensitivities);
  const layers = layersOf(base);
  /** Items of each layer that a noise of the whole layer comes from. */
  const pieces = (layer: string, has: (kernel: NetworkProblem["kernels"][number]) => boolean) =>
    Math.max(1, problem.kernels.filter((kernel, i) => layers[i] === layer && has(kernel)).length);
  const silent = sensitivities.outputs.map(() => 0);
  const bytesOf = new Map(
    problem.kernels.map((kernel) => [kernel, weightBytes(kernel.nodes, facts)]),
  );
  const kernels = problem.kernels.map((kernel, i) => {
    const bytes = bytesOf.get(kernel)!;
    const whole = sensitivities.layers[layers[i]!] ?? {};
    const share = (form: Exclude<NodeForm, "static">): readonly number[] | undefined => {
      const has = form === "dynamic"
        ? isDynamic
        : (one: NetworkProblem["kernels"][number]) => bytesOf.get(one)! > 0;
      return whole[form]?.map((noise) => noise / pieces(layers[i]!, has));
    };
    const choices = kernel.choices.flatMap((timed): SearchChoice[] => {
      const make = (form: SearchChoice["form"], noise: readonly number[]): SearchChoice => ({
        timed,
        form,
        input: timed.input,
        output: timed.output,
        ms: timed.ms,
        kernelMs: timed.ms,
        bytes: bytes * STORED[form],
        noise,
        takes: noise,
        carries: form === "static" && kernel.nodes.every(onlyMovesData),
      });
      switch (timed.kind) {
        case "static": {
          const noise = bytes > 0 ? share("int8 weights") : silent;
          const known = [
            ...isInt8(timed.input) ? kernel.inputs : [],
            ...isInt8(timed.output) ? kernel.outputs : [],
          ]
            .every((tensor) => rounding.has(tensor));
          return noise && known ? [make("static", noise)] : [];
        }
        case "dynamic":
          return whole.dynamic ? [make("dynamic", share("dynamic")!)] : [];
        case "float32":
          return [
            make("float32", silent),
            ...(["int8 weights", "float16 weights", "int4 weights"] as const).flatMap((form) =>
              bytes > 0 && whole[form] ? [make(form, share(form)!)] : []
            ),
          ];
      }
    });
    return { ...kernel, choices };
  });
  const float32 = {
    ms: kernels.reduce(
      (sum, { choices }) =>
        sum + Math.min(...choices.filter(({ form }) => form === "float32").map(({ ms }) => ms)),
      0,
    ),
    bytes: Math.max(1, kernels.reduce((sum, { choices }) => sum + choices[0]!.bytes, 0)),
  };
  // One figure to be least: time and size in milliseconds, or in bytes.
  const [perMs, perByte] = objective === "latency"
    ? [1, SIZE_AS_TIME * float32.ms / float32.bytes]
    : [TIME_AS_SIZE, float32.ms / float32.bytes];
  return {
    base,
    sensitivities,
    objective,
    rounding,
    float32,
    problem: {
      ...problem,
      kernels: kernels.map((kernel) => ({
        ...kernel,
        choices: kernel.choices.map((choice) => ({
          ...choice,
          ms: perMs * choice.kernelMs + perByte * choice.bytes,
        })),
      })),
      prices: (step, elements) => perMs * problem.prices(step, elements),
    },
  };
}

/** The limits that hold the noise at each output below a power. */
function limitsOf({ sensitivities, rounding }: SearchSpace, most: number): Limit[] {
  return sensitivities.outputs.map((_, o) => ({
    most,
    rounding: (tensor) => rounding.get(tensor)?.noise[o] ?? 0,
  }));
}

/**
 * The best whole whose noise stays below a power at each output, as far as the sums of measured parts
 * predict it; undefined if even float32 does not.
 *
 * @param most Noise power as a share of the signal's. Infinity for no limit.
 * @param allow Which choices are considered. @default {all}
 */
export async function propose(
  space: SearchSpace,
  most: number,
  allow: (choice: SearchChoice, kernel: number) => boolean = () => true,
): Promise<Proposal | undefined> {
  const problem: PlacementProblem<SearchChoice> = {
    ...space.problem,
    kernels: space.problem.kernels.map((kernel, i) => ({
      ...kernel,
      choices: kernel.choices.filter((choice) => allow(choice, i)),
    })),
    ...(most < Infinity && { limits: limitsOf(space, most) }),
  };
  try {
    return proposalOf(space, await solvePlacement(problem));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A proposal with everything that is predicted of it. */
export function proposalOf(space: SearchSpace, chosen: readonly SearchChoice[]): Proposal {
  const timed = { ...space.problem, prices: space.base.problem.prices };
  const ms = placementMs(timed, chosen.map((choice) => ({ ...choice, ms: choice.kernelMs })));
  return {
    space,
    chosen,
    ms,
    bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0),
    noise: placementTakes({ ...space.problem, limits: limitsOf(space, 1) }, chosen),
  };
}

/** What a proposal comes to, to be less: the space's objective. */
export function valueOf({ space, ms, bytes }: Proposal): number {
  return space.objective === "latency"
    ? ms + SIZE_AS_TIME * space.float32.ms * bytes / space.float32.bytes
    : bytes + TIME_AS_SIZE * space.float32.bytes * ms / space.float32.ms;
}

/** Everything that makes the proposed model. */
export function assignmentOf({ space, chosen }: Proposal): Assignment {
  const { base: { form, network: { model } }, problem, rounding } = space;
  const facts = graphFacts(model.graph);
  const forms: Record<string, NodeForm> = {};
  const int8Tensors = new Set<string>();
  problem.kernels.forEach(({ inputs }, i) => {
    const { form, timed } = chosen[i]!;
    if (form === "static" && isInt8(timed.input)) {
      for (const name of inputs) int8Tensors.add(name);
    }
    if (form === "static" || form === "dynamic") {
      for (const name of timed.asked.keys()) forms[name] = form;
    } else if (form !== "float32") {
      const { nodes } = space.base.problem.kernels[i]!;
      for (const node of nodes) {
        if (storableWeights(node, facts).length > 0) forms[node.name] = form;
      }
    }
  });
  const observers = [...roundedTensors(problem, chosen)].flatMap((tensor): [string, string][] => {
    const { observer = DEFAULT_OBSERVER } = rounding.get(tensor) ?? {};
    return observer === DEFAULT_OBSERVER ? [] : [[tensor, observer]];
  });
  return {
    base: form,
    forms: Object.fromEntries(Object.entries(forms).sort()),
    int8Tensors: [...int8Tensors].sort(),
    observers: Object.fromEntries(observers.sort()),
  };
}

/** The largest noise at an output. */
export function largest(noises: readonly number[]): number {
  return Math.max(0, ...noises);
}

/** Bytes of the weights of some nodes; of one that several nodes of the graph read, each its share. */
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

function isDynamic({ choices }: NetworkProblem["kernels"][number]): boolean {
  return choices.some(({ kind }) => kind === "dynamic");
}

/** For each tensor that may be rounded, the observer with the least noise, and that noise. */
function roundingNoises(base: Base, { tensors }: Sensitivities): SearchSpace["rounding"] {
  const found = new Map<string, { observer: string; noise: readonly number[] }>();
  for (const [tensor, { of, share }] of roundingsOf(base)) {
    const entries = Object.entries(tensors[of] ?? {});
    if (entries.length === 0) continue;
    const [observer, noise] = entries.reduce((a, b) => largest(b[1]) < largest(a[1]) ? b : a);
    found.set(tensor, { observer, noise: noise.map((power) => power * share) });
  }
  return found;
}
