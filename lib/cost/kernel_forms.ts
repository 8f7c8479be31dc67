import type { Subgraph } from "../onnx/extract.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { asWinograd } from "../passes/as_winograd.ts";
import { fastOperators } from "../passes/fast_operators.ts";
import { formCosts, type GemmForm } from "../passes/gemm_forms.ts";
import { lowerForWasm } from "../passes/lower_for_wasm.ts";
import { float32 } from "../quantize/qconfig.ts";
import { roundMatrix } from "../quantize/round_matrix.ts";
import type { ConvProduct, WinogradForm } from "../record/recipe.ts";
import { winogradParts } from "../record/winograd_parts.ts";
import { dynamicForm, floatForm, type Form, staticForms } from "./forms.ts";
import type { TimedSubgraph } from "./time_kernels.ts";

/** A form of a kernel, with what is to be done to get it. */
export interface KernelForm {
  readonly form: Form;
  /** What its Conv or ConvTranspose is to be written as, before anything else. */
  readonly rewrite?: ConvProduct["form"] | undefined;
  /** What its Conv is to be written as when all else is done. */
  readonly written?: WinogradForm;
}

/** Options for {@linkcode kernelForms}. */
export interface KernelFormsOptions {
  /** Whether int8 forms are considered. */
  int8: boolean;
  /** Whether a Conv may become a matrix product. */
  rewrites: boolean;
}

/** Every form of a kernel that may be worth it, the first as it is. */
export function kernelForms(
  subgraph: Subgraph,
  shapes: ShapeMap,
  { int8, rewrites }: KernelFormsOptions,
): KernelForm[] {
  const written = rewrites ? rewritten(subgraph, shapes) : [];
  const early = [{ subgraph }, ...written].flatMap(({ subgraph, rewrite }: Rewritten) =>
    formsOf(subgraph, shapes, int8, rewrite !== undefined).map((form) => ({ form, rewrite }))
  );
  const late = asWinograd(subgraph.model, shapes, int8 ? roundMatrix : undefined)
    .map(({ model, form: written }) => {
      const form = fastForm({ ...subgraph, model }, shapes);
      return {
        form: winogradParts(written).hasIntegers ? inIntegers(form, subgraph) : form,
        written,
      };
    });
  return [...early, ...late];
}

/** Integers find their ranges in each run. Their weights are rounded last of all: until then they stay float32. */
function inIntegers(form: Form, { model }: Subgraph): Form {
  const convs = model.graph.node.filter(({ opType }) => opType === "Conv");
  return { ...form, kind: "dynamic", asked: new Map(convs.map(({ name }) => [name, float32])) };
}

interface Rewritten {
  readonly subgraph: Subgraph;
  readonly rewrite?: ConvProduct["form"];
}

/** A subgraph with its operators as they are written in the end. */
function asWritten(subgraph: Subgraph, shapes: ShapeMap): Subgraph {
  const { model } = subgraph;
  return { ...subgraph, model: model.withGraph(fastOperators(model.graph, { shapes })) };
}

function fastForm(subgraph: Subgraph, shapes: ShapeMap): Form {
  return floatForm(asWritten(subgraph, shapes));
}

/** Behind the products of a dynamic Conv its Clip stands alone. */
function fastDynamic(subgraph: Subgraph, shapes: ShapeMap): Form | undefined {
  const form = dynamicForm(subgraph);
  if (!form) return undefined;
  const { timed } = form;
  return { ...form, timed: { ...timed, subgraph: asWritten(timed.subgraph, shapes) } };
}

function formsOf(
  subgraph: Subgraph,
  shapes: ShapeMap,
  int8: boolean,
  isRewritten: boolean,
): Form[] {
  const float = fastForm(subgraph, shapes);
  // Of a rewritten Conv, the Transposes at its edges are changes of layout.
  const forms = isRewritten ? [withoutOwn(float)] : [float];
  if (!int8) return forms;
  forms.push(...staticForms(subgraph).map((form) => isRewritten ? withoutOwn(form) : form));
  const dynamic = isRewritten ? undefined : fastDynamic(subgraph, shapes);
  return dynamic ? [...forms, dynamic] : forms;
}

function withoutOwn(form: Form): Form {
  const timed: TimedSubgraph = { ...form.timed, own: new Set() };
  return { ...form, timed };
}

const GEMM_FORMS: readonly GemmForm[] = ["im2col", "perRow", "perPosition", "dense"];

/** An estimate that says a form takes so many times as long as the Conv is believed unmeasured. */
const HOPELESS = 1.3;

/** The subgraph with its Conv as each matrix product that may be worth it, or its ConvTranspose as Convs. */
function rewritten(subgraph: Subgraph, shapes: ShapeMap): Rewritten[] {
  const { node } = subgraph.model.graph;
  if (node.some(({ opType }) => opType === "ConvTranspose")) return inPhases(subgraph, shapes);
  if (!node.some(({ opType }) => opType === "Conv")) return [];
  return GEMM_FORMS.flatMap((rewrite) => {
    const model = lowerForWasm(subgraph.model, shapes, {
      conv3d: false,
      pool3d: false,
      convToGemm: {
        form: (conv) => {
          const { conv: as, forms } = formCosts(conv, { input: false, output: false });
          return forms[rewrite] < HOPELESS * as ? rewrite : undefined;
        },
      },
    });
    return model === subgraph.model ? [] : [{ subgraph: { ...subgraph, model }, rewrite }];
  });
}

function inPhases(subgraph: Subgraph, shapes: ShapeMap): Rewritten[] {
  const { model } = subgraph;
  const written = lowerForWasm(model, shapes, {
    conv3d: false,
    pool3d: false,
    convTranspose: {},
    convToGemm: false,
  });
  return written === model
    ? []
    : [{ subgraph: { ...subgraph, model: written }, rewrite: "phases" }];
}
