import { allNodes } from "../../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../../onnx/onnx_pb.ts";
import { whyLeft } from "./why_left.ts";

/**
 * Types of the integers of an activation in files that other tools write.
 * @category QConfigs (advanced)
 */
export type FileActivation = "uint8" | "int8" | "uint16" | "int16";

/**
 * How a file lays integers over an activation: one scale and one zero point for the whole tensor.
 * @category QConfigs (advanced)
 */
export interface FileRange {
  /** Type of the integers. */
  readonly type: FileActivation;
  /** What one step of the integers stands for; above 0, a float32. */
  readonly scale: number;
  /** The integer that stands for 0. */
  readonly zeroPoint: number;
}

/** How a layer was int8: with ranges in the file, with ranges found in every run, or in its weights alone. */
export type FileForm = "static" | "dynamic" | "weights";

/** A layer of a file that was int8, as float32 operators compute it now. */
export interface UndoneLayer {
  /** Name of the float32 node that does its work, in the model that was made. */
  readonly node: string;
  readonly form: FileForm;
  /** Nodes of the file that stood for it, by name and operator, in their order. */
  readonly from: readonly { readonly name: string; readonly operator: string }[];
  /** Type of the integers it read, where it read any. */
  readonly activations?: FileActivation;
  /** Type of the stored integers of its weights, where it has any: `int8`, `uint4`. */
  readonly weights?: string;
}

/**
 * A node on integers that stays as it is in the file.
 * @category Measuring (advanced)
 */
export interface LeftNode {
  /** As the file has it; may be empty. */
  readonly name: string;
  /** Its operator: `QLinearConv`. */
  readonly operator: string;
  /** Why, as the end of a sentence: "its scale is an input of the graph". */
  readonly why: string;
}

/** What reading an int8 file as float32 notes down. */
export class UndoLog {
  /** By the names of what they make, which stay where all else is rewritten. */
  readonly #left = new Map<string, LeftNode>();

  /** By the name of the float32 tensor, in the model that is made. */
  readonly ranges: Map<string, FileRange> = new Map();
  readonly layers: UndoneLayer[] = [];
  /** Float32 tensors behind which a Relu or Clip stands again that the file had in its range. */
  readonly clipped: Set<string> = new Set();

  /** Notes down why a node stays; the reason that came first counts. */
  leave({ name, opType, output }: NodeProto, why: string): void {
    const key = output.join(" ");
    if (!this.#left.has(key)) this.#left.set(key, { name, operator: opType, why });
  }

  /** Why each node on integers stays that is in the graph yet. */
  leftIn(graph: GraphProto): LeftNode[] {
    const noted = (node: NodeProto) => {
      const known = this.#left.get(node.output.join(" "));
      return known?.operator === node.opType ? known : undefined;
    };
    const otherwise = whyLeft(graph, (node) => noted(node) !== undefined);
    return [...allNodes(graph)].flatMap((node) => {
      const why = noted(node)?.why ?? otherwise(node);
      return why === undefined ? [] : { name: node.name, operator: node.opType, why };
    });
  }
}
