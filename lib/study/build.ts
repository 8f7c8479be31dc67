import type { Calibration } from "../calibrate/calibration.ts";
import { type Dataset, slice } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import { withoutExporterMetadata } from "../onnx/exporter_metadata.ts";
import type { ExactForms } from "../passes/exact_form.ts";
import { asExecuted } from "../quantize/as_executed.ts";
import { convert } from "../quantize/convert.ts";
import { mappingOfRecipe } from "../quantize/from_recipe.ts";
import { writeForms } from "../quantize/write_forms.ts";
import { nodeIdentities } from "../quantize/decide.ts";
import type { QConfigMapping } from "../quantize/mapping.ts";
import { prepare } from "../quantize/prepare.ts";
import { explainSlow } from "../quantize/slow_layers.ts";
import { type Correction, quantizeWith } from "../quantize/quantize_with.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import type { Recipe } from "../record/recipe.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What a recipe makes of a network. */
export interface Built {
  /** The model. */
  readonly model: Model;
  /** The same as the quantizer made it, before the runtime rewrote it, with the plan it decided on. */
  readonly converted: QuantizedModel;
  /** The float32 network that it stands for, tensor by tensor. */
  readonly float32: Model;
}

/** What a recipe is carried out with. */
export interface BuildContext {
  readonly forms: ExactForms;
  /** The calibration split. */
  readonly data: Dataset;
  /** What calibration saw of some tensors of a form of the network in so many samples. */
  readonly calibration: (
    base: Model,
    tensors: readonly string[],
    size: number,
  ) => Promise<Calibration>;
  readonly runtime: Runtime;
  readonly signal?: AbortSignal;
}

/**
 * Makes the model of a recipe as the runtime executes it, without what an exporter noted of its nodes. The
 * same recipe, network and samples give the same bytes.
 */
export async function build(recipe: Recipe, context: BuildContext): Promise<Built> {
  const built = await withForms(await buildWithNotes(recipe, context), recipe, context);
  const plain = withoutExporterMetadata(built.model);
  const isConverted = built.model === built.converted;
  const slow = recipe.kind === "configuration" ? recipe.slow ?? [] : [];
  return {
    ...built,
    converted: explainSlow(built.converted, slow),
    model: isConverted ? await asExecuted(plain, context.runtime) : plain,
  };
}

/** What was built, with what the recipe wants written last. */
async function withForms(built: Built, recipe: Recipe, { forms }: BuildContext): Promise<Built> {
  const { base: form, convs, operators } = recipe;
  if (!convs && !operators) return built;
  const base = { model: await forms.get(form), shapes: await forms.shapes(form) };
  const converted = writeForms(built.converted, base, recipe);
  return converted === built.converted ? built : { ...built, converted, model: converted };
}

/** A recipe carried out, but for what its Convs are written as. */
async function buildWithNotes(recipe: Recipe, context: BuildContext): Promise<Built> {
  const { forms, data, runtime, signal } = context;
  const base = await forms.get(recipe.base);
  const mapping = mappingOn(recipe, base);
  const { samples = data.length, corrections = [] } = recipe;
  const { tensors } = prepare(base, mapping);
  const calibration = tensors.length > 0
    ? await context.calibration(base, tensors, samples)
    : undefined;
  if (corrections.length > 0) {
    const { int8, float32 } = await quantizeWith(base, mapping, slice(data, 0, samples), {
      ...{ calibration, runtime, signal },
      corrections: corrections as Correction[],
    });
    return { model: int8, converted: int8, float32 };
  }
  const converted = convert(base, mapping, calibration);
  if (converted.proto !== base.proto) return { model: converted, converted, float32: base };
  // Conversion changed nothing: the base itself, so that its bytes and stored results still apply.
  const model = recipe.base === "fused" ? forms.fused : base;
  return { model, converted, float32: base };
}

/** The mapping that a recipe asks for on a form of the network. */
export function mappingOn(recipe: Recipe, base: Model): QConfigMapping {
  return mappingOfRecipe(recipe, nodeIdentities(base.graph));
}
