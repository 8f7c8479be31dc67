import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { QUANTIZED_OPSET, raiseOpset } from "../onnx/opset.ts";
import { baseName } from "../record/recipe_name.ts";
import type { ConvProduct, ExactForm } from "../record/recipe.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { learnShapes, type LearnShapesOptions } from "../runtime/learn_shapes.ts";
import { RuntimeError } from "../runtime/runtime_errors.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { fuse } from "./fuse.ts";
import type { GemmForm } from "./gemm_forms.ts";
import { lowerForWasm } from "./lower_for_wasm.ts";

/** Learns the shapes of a form of the network. */
type Learn = (form: Model) => Promise<ShapeMap>;

/** @param fused With its opset raised, and its nodes named. */
async function writeFrom(fused: Model, form: ExactForm, learn: Learn): Promise<Model> {
  if (form === "fused") return fused;
  if (form === "lowered") return await lowered(fused, learn);
  const shapes = await learn(fused);
  const flat = form.frames
    ? readyToQuantize(lowerForWasm(fused, shapes, { convToGemm: false }))
    : fused;
  if (form.products.length === 0) return flat;
  const known = flat === fused ? shapes : await learn(flat);
  return readyToQuantize(writeAsProducts(flat, known, form.products));
}

/**
 * Writes each exact form of a network once, whoever asks for it: ready to be quantized, in an opset that
 * has per-channel scales, and with a name for each node.
 *
 * Where lowering finds nothing to do, or the network does not show its shapes, `lowered` is `fused`.
 */
export class ExactForms {
  /** As given. */
  readonly model: Model;
  readonly #learn: Learn;
  readonly #written = new Map<string, Promise<Model>>();
  readonly #models = new Map<string, Model>();
  readonly #shapes = new Map<string, Promise<ShapeMap>>();
  #fused: Model | undefined;
  #ready: Model | undefined;

  /**
   * @param model As given.
   * @param sample One run's inputs: the shapes for which a form other than `fused` holds, but for the batch.
   * @param options Where its shapes are learnt.
   */
  constructor(model: Model, sample: Feeds, options: LearnShapesOptions = {}) {
    this.model = model;
    this.#learn = (form) => learnShapes(form, sample, options);
  }

  /** BatchNorm folded, constants computed, and nothing else: the bytes as given where there is neither. */
  get fused(): Model {
    return this.#fused ??= fuse(this.model);
  }

  /**
   * The network in this form.
   *
   * @throws {UserError} If the network cannot be fused, or brought to that opset.
   */
  get(form: ExactForm): Promise<Model> {
    const name = baseName(form);
    const known = this.#written.get(name);
    if (known) return known;
    this.#ready ??= readyToQuantize(this.fused);
    const written = writeFrom(this.#ready, form, this.#learn);
    this.#written.set(name, written);
    written.then((model) => this.#models.set(name, model), () => this.#written.delete(name));
    return written;
  }

  /** Shapes of the values of a form, on the sample. */
  shapes(form: ExactForm): Promise<ShapeMap> {
    const name = baseName(form);
    const learnt = this.#shapes.get(name) ?? this.get(form).then(this.#learn);
    this.#shapes.set(name, learnt);
    learnt.catch(() => this.#shapes.delete(name));
    return learnt;
  }

  /** A form by its name, if it has been written. */
  find(name: string): Model | undefined {
    return this.#models.get(name);
  }
}

/** The network with some Convs as matrix products, and some ConvTransposes as Convs. */
export function writeAsProducts(
  model: Model,
  shapes: ShapeMap,
  products: readonly ConvProduct[],
): Model {
  if (products.length === 0) return model;
  const forms = new Map(products.map(({ node, form }) => [node, form]));
  const gemmForm = ({ name }: NodeProto): GemmForm | undefined => {
    const form = forms.get(name);
    return form === "phases" ? undefined : form;
  };
  return lowerForWasm(model, shapes, {
    conv3d: false,
    pool3d: false,
    convTranspose: { select: ({ name }) => forms.get(name) === "phases" },
    convToGemm: {
      select: (node) => gemmForm(node) !== undefined,
      form: ({ node }) => gemmForm(node),
    },
  });
}

/** In an opset that has per-channel scales, and with a name for each node. */
function readyToQuantize(model: Model): Model {
  const raised = raiseOpset(model, QUANTIZED_OPSET);
  const graph = nameNodes(raised.graph);
  return graph === raised.graph ? raised : raised.withGraph(graph);
}

async function lowered(fused: Model, learn: Learn): Promise<Model> {
  try {
    const written = lowerForWasm(fused, await learn(fused));
    return written.proto === fused.proto ? fused : readyToQuantize(written);
  } catch (error) {
    // What is wrong with the network or the sample shows when float32 is measured, with its reason; a
    // network that only refuses to give out what is inside can be quantized all the same.
    const ended = error instanceof RuntimeError && error.fatal; // it would not end another time either
    if (error instanceof UserError && !ended) return fused;
    throw error;
  }
}
