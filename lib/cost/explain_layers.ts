import { modulePaths } from "../onnx/module_path.ts";
import { Extractor } from "../onnx/extract.ts";
import type { Model } from "../onnx/model.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { loadCost } from "../passes/load_facts.ts";
import { readConvShape } from "../passes/read_conv.ts";
import { whyNoWinograd } from "../passes/winograd_forms.ts";
import { graphFacts } from "../quantize/graph_facts.ts";
import { layerName } from "../quantize/layers.ts";
import { sensitiveLayers } from "../quantize/sensitive.ts";
import type { ConsideredForm, LayerChoices } from "../record/layer_choices.ts";
import type { LoadRatios } from "../record/load_ratios.ts";
import type { ConvProduct, WinogradForm } from "../record/recipe.ts";
import { winogradName } from "../report/winograd_name.ts";
import type { KernelChoice, KernelChoices, NetworkProblem } from "./candidates.ts";
import type { PlacedNetwork } from "./fastest_form.ts";
import { formDecibels, type FormNoiseOptions } from "./form_noise.ts";
import { type KernelForm, kernelForms } from "./kernel_forms.ts";
import type { NetworkFacts } from "./network_facts.ts";
import { slowerByNodes } from "./node_cost.ts";
import { nodesMs, placementMs, placementTakes } from "./placement.ts";
import { ruledOut } from "./ruled_out.ts";

/** Options for {@linkcode explainLayers}. */
export interface ExplainLayersOptions extends FormNoiseOptions {
  /** Names of nodes, or module paths. */
  readonly layers: readonly string[];
  /** Whether int8 forms were considered. */
  readonly int8: boolean;
}

/**
 * Tells the kernels that layers are computed by.
 *
 * @param layers Names of nodes, or module paths.
 */
export function isAmong(
  { graph }: Model,
  layers: readonly string[],
): (nodes: readonly NodeProto[]) => boolean {
  const wanted = new Set(layers);
  const paths = modulePaths(graph);
  return (nodes) =>
    nodes.some((node) => wanted.has(node.name) || wanted.has(paths.get(node) ?? ""));
}

/**
 * All that was considered for some layers of a placed network, the noise of each form measured by itself
 * on the sample.
 *
 * @returns In the order of the network; of a name that no kernel answers to, nothing.
 */
export async function explainLayers(
  placed: PlacedNetwork,
  { layers, int8, ...options }: ExplainLayersOptions,
): Promise<LayerChoices[]> {
  const { network: { model }, problem } = placed;
  const paths = modulePaths(model.graph);
  const isWanted = isAmong(model, layers);
  const facts = graphFacts(model.graph);
  const sensitive = sensitiveLayers(facts);
  const whyNoInt8 = (nodes: readonly NodeProto[]) =>
    int8
      ? nodes.flatMap((node) => sensitive.get(node)?.reason ?? [])[0]
      : "numbers are to be those of float32";
  const found: LayerChoices[] = [];
  for (const [i, { nodes }] of problem.kernels.entries()) {
    if (!isWanted(nodes)) continue;
    const own = nodes.map((node) => paths.get(node) ?? "");
    found.push({
      node: layerName(nodes, facts, []),
      opTypes: nodes.map(({ opType }) => opType),
      path: own.find((path) => path !== "") ?? "",
      forms: await explainKernel(placed, i, whyNoInt8(nodes), options),
    });
  }
  return found;
}

async function explainKernel(
  { network, problem, chosen }: PlacedNetwork,
  i: number,
  whyNoInt8: string | undefined,
  options: FormNoiseOptions,
): Promise<ConsideredForm[]> {
  const kernel = problem.kernels[i]!;
  const { model, values, shapes } = network;
  const subgraph = new Extractor(model, values).take(kernel.nodes);
  const forms = kernelForms(subgraph, shapes, {
    int8: whyNoInt8 === undefined,
    rewrites: true,
  });
  const words = new FormWords(network, kernel);
  const whole = new Swaps(problem, chosen);
  const best = [...Map.groupBy(kernel.choices, (choice) => words.of(choice)).values()].map((same) =>
    same.includes(chosen[i]!)
      ? chosen[i]!
      : same.reduce((a, b) => whole.ms(i, b) < whole.ms(i, a) ? b : a)
  );
  const rows: ConsideredForm[] = [];
  for (const choice of best) {
    const form = forms[choice.candidate]?.form;
    const isPlain = form === forms[0]?.form;
    const dB = choice.dB ??
      (form && !isPlain ? await formDecibels(form, kernel.outputs, values, options) : undefined);
    const isChosen = choice === chosen[i];
    rows.push({
      form: words.of(choice),
      chosen: isChosen,
      ...{ nodes: choice.nodes ?? 1, nodesMs: nodesMs(problem, choice) },
      ...{ ms: choice.ms, ...(!isChosen && { moreMs: whole.ms(i, choice) }) },
      ...(dB !== undefined && { dB }),
      ...loadCost(choice.load),
      bytes: choice.load.stored,
      why: isChosen ? whyChosen(kernel, i, whole) : whyLost(choice, i, whole),
    });
  }
  rows.sort((a, b) => Number(b.chosen) - Number(a.chosen) || a.moreMs! - b.moreMs!);
  return [...rows, ...missing(network, kernel, forms, whyNoInt8)];
}

/** What the whole would come to with another choice for one kernel. */
class Swaps {
  readonly #problem: NetworkProblem;
  readonly #chosen: readonly KernelChoice[];
  readonly #ms: number;

  constructor(problem: NetworkProblem, chosen: readonly KernelChoice[]) {
    this.#problem = problem;
    this.#chosen = chosen;
    this.#ms = placementMs(problem, chosen);
  }

  /** Milliseconds more, or less. */
  ms(kernel: number, choice: KernelChoice): number {
    return placementMs(this.#problem, this.#chosen.with(kernel, choice)) - this.#ms;
  }

  /** Why a choice that takes so many milliseconds more is slower. */
  slower(kernel: number, choice: KernelChoice, moreMs: number): string {
    const [chosenMs, otherMs] = [this.#chosen[kernel]!, choice].map((one) =>
      nodesMs(this.#problem, one)
    ) as [number, number];
    return slowerByNodes({ chosenMs, otherMs, moreMs });
  }

  /** Whether a difference is less than the solver looks for. */
  isNothing(ms: number): boolean {
    return Math.abs(ms) <= 0.002 * this.#ms;
  }

  /** The limits that it would go over. */
  exceeds(kernel: number, choice: KernelChoice): (keyof LoadRatios)[] {
    const { limits = [] } = this.#problem;
    const takes = placementTakes(this.#problem, this.#chosen.with(kernel, choice));
    return LIMITS.filter((_, l) => limits[l] !== undefined && takes[l]! > limits[l].most);
  }
}

/** In the order of `loadLimits()`. */
const LIMITS = ["maxCreate", "maxHeap"] as const;

const OF_LIMITS = {
  maxCreate: "time to create a session (--max-create)",
  maxHeap: "WASM heap (--max-heap)",
};

function whyChosen({ choices }: KernelChoices, i: number, whole: Swaps): string {
  const isHeld = choices.some((choice) =>
    whole.ms(i, choice) < 0 && whole.exceeds(i, choice).length > 0
  );
  return `chosen: with it the whole is fastest${
    isHeld ? " of what keeps the limits on opening it" : ""
  }`;
}

function whyLost(choice: KernelChoice, i: number, whole: Swaps): string {
  const ms = whole.ms(i, choice);
  const over = whole.exceeds(i, choice);
  if (ms < 0 && over.length > 0) {
    return `faster, but takes the whole over the limit on the ${
      over.map((name) => OF_LIMITS[name]).join(" and the ")
    }`;
  }
  if (whole.isNothing(ms)) return "about as fast";
  return ms > 0 ? whole.slower(i, choice, ms) : "faster by itself";
}

/** Names of the forms of one kernel. */
class FormWords {
  /** Lengths of the kernel, if it has a Conv. */
  readonly #taps: readonly number[];
  readonly #opType: string;

  constructor({ shapes }: NetworkFacts, { nodes }: KernelChoices) {
    const conv = nodes.find(({ opType }) => opType === "Conv");
    this.#taps = shapes.get(conv?.input[1])?.dims.slice(2) ?? [];
    this.#opType = nodes.map(({ opType }) => opType).join(" + ");
  }

  of({ kind, rewrite, written }: Pick<KernelChoice, "kind" | "rewrite" | "written">): string {
    if (written) return this.winograd(written);
    const as = rewrite && PRODUCTS[rewrite];
    if (kind === "float32") return as ?? this.#opType;
    return [`${kind} int8`, ...as ? [as] : []].join(", ");
  }

  winograd(form: WinogradForm): string {
    return winogradName(form, this.#taps);
  }
}

const PRODUCTS: Readonly<Record<ConvProduct["form"], string>> = {
  im2col: "Gemm of gathered values (im2col)",
  perPosition: "MatMul, a matrix for each place",
  perRow: "MatMul, a matrix for each row",
  dense: "Gemm, one matrix for the map",
  phases: "Convs of the phases",
};

/** The forms that a kernel does not have, and why. */
function missing(
  network: NetworkFacts,
  kernel: KernelChoices,
  forms: readonly KernelForm[],
  whyNoInt8: string | undefined,
): ConsideredForm[] {
  const { nodes } = kernel;
  const words = new FormWords(network, kernel);
  const none = (form: string, why: string): ConsideredForm => ({ form, chosen: false, why });
  const found = ruledOut(kernel, (form) => words.winograd(form));
  const conv = nodes.find(({ opType }) => opType === "Conv");
  if (conv && !forms.some(({ written }) => written)) {
    const read = readConvShape(conv, network.shapes);
    found.push(none("Winograd", read ? whyNoWinograd(read) : "its shape is not known"));
  }
  if (conv && !forms.some(({ rewrite }) => rewrite)) {
    found.push(none("matrix product", "no form of it is estimated to come near the Conv"));
  }
  for (const kind of ["static", "dynamic"] as const) {
    if (forms.some(({ form }) => form.kind === kind)) continue;
    found.push(
      none(`${kind} int8`, whyNoInt8 ?? `there is no ${kind} int8 kernel for all of it`),
    );
  }
  return found;
}
