import type { Model } from "../onnx/model.ts";
import { intsAttribute, isStandard } from "../onnx/node.ts";
import { namesRead } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf } from "../onnx/tensor_proto.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { graphFacts } from "../quantize/graph_facts.ts";
import type { QConfig } from "../quantize/qconfig.ts";
import { sensitiveLayers } from "../quantize/sensitive.ts";
import type { ConvProduct, WinogradForm } from "../record/recipe.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import type { KernelTimes } from "./kernel_times.ts";
import { sizeOf } from "../data/first_samples.ts";
import { EXACT_DB, formDecibels, type FormNoiseOptions } from "./form_noise.ts";
import type { Form } from "./forms.ts";
import { type KernelForm, kernelForms } from "./kernel_forms.ts";
import { type Kernel, kernelsOf } from "./kernels.ts";
import { Extractor } from "../onnx/extract.ts";
import type { Choice, Placed, PlacementProblem } from "./placement.ts";
import { loadCost, type LoadFacts, loadFacts } from "../passes/load_facts.ts";
import { workingBytes } from "../passes/working_memory.ts";
import { timedWithNodes } from "./node_cost.ts";
import { type LoadBudget, loadLimits, loadTakes, sumOfLoads } from "./load_cost.ts";
import { fitConversionTimes } from "./conversion_times.ts";
import type { NetworkFacts } from "./network_facts.ts";
import {
  bringsChannelsFirst,
  bringsChannelsLast,
  isChannelsLast,
  isInt8,
  tensorForm,
} from "./tensor_form.ts";

/** A way to compute a kernel, with what has to be done to get it. */
export interface KernelChoice extends Choice {
  readonly kind: Form["kind"];
  /** What its Conv or ConvTranspose is to be written as. */
  readonly rewrite?: ConvProduct["form"];
  /** What its Conv is to be written as when all else is done. */
  readonly written?: WinogradForm;
  /** Which of `kernelForms()` it is. */
  readonly candidate: number;
  /** Signal over the noise that it adds, on the sample; absent where that was not measured. */
  readonly dB?: number;
  /** What decides what it takes to open it. */
  readonly load: LoadFacts;
  /** What each node is to be, by name; nodes that may stay float32 are left out. */
  readonly asked: ReadonlyMap<string, QConfig>;
}

/** A kernel with its choices. */
export interface KernelChoices extends Placed<KernelChoice> {
  readonly nodes: readonly NodeProto[];
  /** Forms that are no choice since they were less than exact on the sample, dB. */
  readonly inexact?: ReadonlyMap<WinogradForm, number>;
  /** Forms that would need too much memory while they run, with bytes. */
  readonly tooLarge?: ReadonlyMap<WinogradForm, number>;
}

/** Options for {@linkcode placementProblem}. */
export interface ProblemOptions {
  /** Whether int8 forms are considered. @default {true} */
  int8?: boolean;
  /** Whether a Conv may become a matrix product. @default {true} */
  rewrites?: boolean;
  /** What the whole may take to open. @default {anything} */
  budget?: LoadBudget;
  /** Whether layers whose small values decide have no int8 form: see `sensitiveLayers()`. @default {false} */
  spare?: boolean;
  /**
   * Runs Winograd's forms on the sample: one that is less than exact there is no choice.
   * @default {they are taken to be exact}
   */
  check?: FormNoiseOptions;
  /** Which kernels are placed, by their nodes; the others are taken to be float32. @default {all} */
  only?: (nodes: readonly NodeProto[]) => boolean;
  /** Which int8 forms a kernel may have. @default {all} */
  allows?: AllowsForm;
}

/** Whether a kernel may have a form that rounds, and its Conv be written so. */
export type AllowsForm = (
  kernel: Kernel,
  kind: "static" | "dynamic",
  written: WinogradForm | undefined,
) => boolean;

/** A {@linkcode PlacementProblem} of a network. */
export interface NetworkProblem extends PlacementProblem<KernelChoice> {
  readonly kernels: readonly KernelChoices[];
}

/**
 * Measures every form of every kernel of a network, and what changes of precision and layout between
 * them cost.
 */
export async function placementProblem(
  { model, shapes, values, optimized }: NetworkFacts,
  kernelTimes: KernelTimes,
  options: ProblemOptions = {},
): Promise<NetworkProblem> {
  const { int8 = true, rewrites = true, spare = false, budget, check, only } = options;
  const { allows = () => true } = options;
  const sensitive = spare ? sensitiveLayers(graphFacts(model.graph)) : new Map();
  const extractor = new Extractor(model, values);
  const all = kernelsOf(model.graph, extractor, values, optimized);
  const kernels = only ? all.filter(({ nodes }) => only(nodes)) : all;
  const candidates = kernels.flatMap((kernel, place) => {
    const mayInt8 = int8 && !kernel.nodes.some((node) => sensitive.has(node));
    const forms = kernelForms(extractor.take(kernel.nodes), shapes, { int8: mayInt8, rewrites });
    return forms.map((one, candidate): Candidate => ({ place, candidate, ...one }))
      .filter(({ form: { kind }, ...one }) =>
        kind === "float32" || allows(kernel, kind, one.written)
      );
  });
  const timed = candidates.map(({ form }) => form.timed);
  const workingSet = workingSetOf(model, all, values);
  const { nodeMs, times } = await timedWithNodes(timed, kernelTimes, { workingSet });
  const choices: KernelChoice[][] = kernels.map(() => []);
  const inexact = kernels.map(() => new Map<WinogradForm, number>());
  const tooLarge = kernels.map(() => new Map<WinogradForm, number>());
  for (const [i, { place, candidate, form, rewrite, written }] of candidates.entries()) {
    const { input, output, ms, runs: { length: nodes } } = times[i]!;
    const { kind, asked, timed } = form;
    const working = written && budget ? workingBytes(timed.subgraph.model, shapes) : 0;
    if (written && working > (budget?.workingBytes ?? Infinity)) {
      tooLarge[place]!.set(written, working);
      continue;
    }
    const dB = written && check &&
      await formDecibels(form, kernels[place]!.outputs, values, check);
    if (written && kind === "float32" && dB !== undefined && dB < EXACT_DB) {
      inexact[place]!.set(written, dB);
      continue;
    }
    const load = loadOf(timed.subgraph.model, shapes, written ? "float32" : kind);
    const choice: KernelChoice = {
      ...{ candidate, kind, asked, input, output, ms, nodes, load },
      ...(rewrite && { rewrite }),
      ...(written && { written }),
      ...(dB !== undefined && { dB }),
    };
    choices[place]!.push(choice, ...inOtherLayouts(kernels[place]!, choice, values));
  }
  const isFloat = (name: string) => values.get(name)?.type === "float32";
  // What it takes as it is, it may take: the first choice of each kernel.
  const asIs = choices.flatMap(([first]) => first ? [loadCost(first.load)] : []);
  const limits = budget && loadLimits([budget, sumOfLoads(asIs)]);
  return {
    kernels: kernels.map(({ nodes, inputs, outputs }, i) => ({
      nodes,
      inputs: inputs.filter(isFloat),
      outputs: outputs.filter(isFloat),
      choices: choices[i]!.map((choice) =>
        limits ? { ...choice, takes: loadTakes(loadCost(choice.load)) } : choice
      ),
      ...(inexact[i]!.size > 0 && { inexact: inexact[i]! }),
      ...(tooLarge[i]!.size > 0 && { tooLarge: tooLarge[i]! }),
    })),
    ...(limits && { limits }),
    results: resultsOf(model.graph, kernels).filter(isFloat),
    elements: (name) => elementCount(values.get(name)?.dims ?? [0]),
    nodeMs,
    prices: fitConversionTimes(times.flatMap(({ conversions }) => conversions)),
  };
}

/** Names that are wanted in float32: outputs, and what is read by nodes that are in no kernel. */
function resultsOf({ node, output }: GraphProto, kernels: readonly Kernel[]): string[] {
  const placed = new Set(kernels.flatMap(({ nodes }) => nodes));
  const made = new Set(kernels.flatMap(({ outputs }) => outputs));
  const others = node.filter((one) => !placed.has(one)).flatMap((one) => [...namesRead(one)]);
  const results = [...output.map(({ name }) => name), ...others.filter((name) => made.has(name))];
  return [...new Set(results)];
}

/** Bytes of a network's weights, and of all that stands between its kernels in the widest place. */
export function workingSetOf(
  model: Model,
  kernels: readonly Kernel[],
  values: ReadonlyMap<string, Tensor>,
): number {
  const around = kernels.map(({ inputs, outputs }) => {
    return sizeOf([...inputs, ...outputs].flatMap((name) => values.get(name) ?? []));
  });
  const weights = model.graph.initializer.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0);
  return weights + Math.max(0, ...around);
}

/** A form to be timed. */
interface Candidate extends KernelForm {
  /** Which kernel it is of, and which of its forms it is. */
  readonly place: number;
  readonly candidate: number;
}

/** Of int8 kernels weights are used as they are stored, and what changes precision is not theirs. */
function loadOf(model: Model, shapes: ShapeMap, kind: Form["kind"]): LoadFacts {
  const facts = loadFacts(model, shapes);
  return kind === "float32" ? facts : { ...facts, computed: 0, nodes: 1 };
}

/** Operators that take maps with channels last as well, in the same time. */
const ANY_LAYOUT: ReadonlySet<string> = new Set([
  "Add",
  "Clip",
  "Concat",
  "Div",
  "HardSigmoid",
  "HardSwish",
  "LeakyRelu",
  "Mul",
  "Relu",
  "Sigmoid",
  "Sub",
  "Tanh",
]);

/**
 * The same choice with channels last, where the order does not matter; and a Transpose between the
 * two orders, which need not do anything.
 */
function inOtherLayouts(
  { nodes, inputs, outputs }: Kernel,
  choice: KernelChoice,
  values: ReadonlyMap<string, Tensor>,
): KernelChoice[] {
  const { input, output } = choice;
  const [first] = nodes;
  if (input !== output || isChannelsLast(input) || choice.kind === "dynamic") return [];
  const last = tensorForm({ int8: isInt8(input), last: true });
  if (nodes.length === 1 && first!.opType === "Transpose" && isStandard(first!)) {
    const perm = intsAttribute(first!, "perm", []);
    return [
      ...(bringsChannelsLast(perm) ? [{ ...choice, input: last, ms: 0, nodes: 0 }] : []),
      ...(bringsChannelsFirst(perm) ? [{ ...choice, output: last, ms: 0, nodes: 0 }] : []),
    ];
  }
  const anyLayout = nodes.every((node) => isStandard(node) && ANY_LAYOUT.has(node.opType));
  const rank = values.get(outputs[0] ?? "")?.dims.length ?? 0;
  const alike = inputs.every((name) => values.get(name)?.dims.length === rank);
  return anyLayout && alike && rank > 2 ? [{ ...choice, input: last, output: last }] : [];
}
