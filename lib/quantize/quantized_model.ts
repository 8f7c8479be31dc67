import type { ModelProto } from "../onnx/onnx_pb.ts";
import { withoutExporterMetadata } from "../onnx/exporter_metadata.ts";
import { Model, type SaveOptions } from "../onnx/model.ts";
import type { Plan } from "./plan.ts";
import type { WinogradForm } from "../record/recipe.ts";
import type { QConfig } from "./qconfig.ts";

/** Where to find what became of a node of the float32 model. */
export interface Trace {
  /** Name of the node in the quantized model, unique there. */
  readonly name: string;
  /** Names of what it gives. */
  readonly outputs: readonly string[];
  /** Form it was written in; `int8` if it came so. */
  readonly form: QConfig["kind"] | "int8";
  /** Name of the node whose kernel absorbs it, if one does. */
  readonly anchor?: string;
  /** The rule that asked for it. */
  readonly source: string;
  /** Whether it lies in the body of an If, Loop or Scan. */
  readonly inBody: boolean;
  /** What stands in its place, if it was written as other nodes. */
  readonly pieces?: Pieces;
}

/** What stands in the place of a node. */
export interface Pieces {
  /** Of a Conv that is written as Winograd's. */
  readonly form?: WinogradForm;
  /** Names of the nodes. */
  readonly nodes: ReadonlySet<string>;
}

/**
 * Options for {@linkcode QuantizedModel.save}.
 * @category QConfigs (advanced)
 */
export interface QuantizedSaveOptions extends SaveOptions {
  /** Keeps what the exporter noted of each node. @default {false} */
  keepMetadata?: boolean;
}

/**
 * A model that {@linkcode convert} made, with the decision for each node of the one it came from.
 * @category Steps
 */
export class QuantizedModel extends Model {
  /** What was asked of each node of the model it came from, and why it is what it is. */
  readonly plan: Plan;
  /**
   * One for each row of the plan.
   * @ignore
   */
  readonly traces: readonly Trace[];

  /** @ignore */
  constructor(proto: ModelProto, name: string, plan: Plan, traces: readonly Trace[]) {
    super(proto, { name });
    this.plan = plan;
    this.traces = traces;
  }

  /**
   * Writes the model to a file as {@linkcode Model.save} does, without what the exporter noted of each node:
   * scopes, and the paths and source lines of its machine.
   */
  override async save(path: string, options: QuantizedSaveOptions = {}): Promise<void> {
    const { keepMetadata = false, ...rest } = options;
    if (keepMetadata) return await super.save(path, rest);
    const plain = withoutExporterMetadata(this);
    return plain === this ? await super.save(path, rest) : await plain.save(path, rest);
  }

  /** The same model with a fuller plan. */
  withPlan(plan: Plan): QuantizedModel {
    return new QuantizedModel(this.proto, this.name, plan, this.traces);
  }
}
