import { consumers, pinned, producers } from "../../onnx/graph.ts";
import { domainOf, isStandard, makeNode } from "../../onnx/node.ts";
import { CONTRIB_DOMAIN } from "../../onnx/contrib.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { makeTensorProto } from "../../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../../tensor/tensor.ts";
import { type PassContext, visibleConstants } from "../pass.ts";
import { floatConstant } from "./float_constant.ts";
import { productWeights } from "./product_weights.ts";
import { knownOf, readNumbers } from "./stored_integers.ts";
import type { FileActivation, FileRange, UndoLog } from "./undo_log.ts";

/** A tensor of integers, and the float32 tensor that they stand for. */
export interface Twin {
  readonly float: string;
  readonly range: FileRange;
  /** Constants of its scale and zero point. */
  readonly scale: string;
  readonly zeroPoint: string;
}

/** Least and largest integer of each type. */
const GRIDS: Readonly<Record<FileActivation, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

/** Operators whose result may be negative whatever they read. */
const SIGNED_RESULTS = /^(Add|BatchNormalization|Conv|ConvTranspose|Gemm|MatMul|Sub)$/;

/** The nodes that are written, and the float32 tensors behind the integers that were read so far. */
export class Twins {
  readonly nodes: NodeProto[] = [];
  readonly added: TensorProto[] = [];
  readonly #twins = new Map<string, Twin>();
  /** Float32 names that stand for the results of DequantizeLinear. */
  readonly #renamed = new Map<string, string>();
  readonly #made = new Map<string, NodeProto>();
  #isChanged = false;
  /** What makes outputs of the graph of floats, by these; the last where there are several. */
  readonly #copies = new Map<string, NodeProto>();
  /** Floats behind a DequantizeLinear that was written, by what it reads. */
  readonly #dequantized = new Map<string, string>();
  readonly #constants: Map<string, TensorProto>;
  readonly #readers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #pinned: ReadonlySet<string>;
  readonly #inputs: ReadonlySet<string>;
  /** Tensors with a range, by what the floats that were integers before are moved to. */
  readonly #moved = new Map<string, string>();

  constructor(graph: GraphProto, readonly context: PassContext, readonly log: UndoLog) {
    this.#constants = visibleConstants(graph, context);
    this.#readers = consumers(graph);
    this.#makers = producers(graph);
    this.#pinned = pinned(graph);
    this.#inputs = new Set(graph.input.map(({ name }) => name));
  }

  /** Whether anything is float32 now that was not in the file. */
  get changed(): boolean {
    return this.#isChanged || this.added.length > 0;
  }

  of(integers: string | undefined): Twin | undefined {
    return this.#twins.get(integers ?? "");
  }

  constant(name: string | undefined): TensorProto | undefined {
    return this.#constants.get(name ?? "");
  }

  isPinned(name: string): boolean {
    return this.#pinned.has(name);
  }

  /** Adds a constant. @returns Its name. */
  addConstant(base: string, tensor: Tensor): string {
    const made = makeTensorProto(this.context.fresh(base), tensor);
    this.added.push(made);
    this.#constants.set(made.name, made);
    return made.name;
  }

  /** The float32 name of a tensor that a DequantizeLinear of the file made; else the name itself. */
  named(name: string): string {
    return this.#renamed.get(name) ?? name;
  }

  /** The tensor with a range that a node of the file reads here, itself or moved; undefined of other floats. */
  rangedSource(name: string): string | undefined {
    return this.#renamed.get(name) ?? this.#moved.get(name);
  }

  /** Notes that floats are those of another tensor, moved. */
  noteMoved(name: string, source: string): void {
    this.#moved.set(name, source);
  }

  /** Writes a node in the place of one of the file. */
  write(node: NodeProto, ...from: readonly NodeProto[]): void {
    this.context.origins.inherit(node, ...from);
    this.nodes.push(node);
    for (const name of node.output) this.#made.set(name, node);
  }

  /** A range that constants of one scale and one zero point give. */
  range(scale: string | undefined, zeroPoint: string | undefined, type?: FileActivation) {
    const [scales, zeros] = [this.constant(scale), this.constant(zeroPoint)];
    if (!scales || (zeroPoint && !zeros)) return undefined;
    const scaleData = readNumbers(scales);
    const zeroData = readNumbers(zeros);
    if (!scaleData || (zeros && !zeroData)) return undefined;
    if (scaleData.type !== "float32" || elementCount(scaleData.dims) !== 1) return undefined;
    if (zeroData && elementCount(zeroData.dims) !== 1) return undefined;
    const known = zeroData?.type ?? type ?? "uint8";
    if (!(known in GRIDS)) return undefined;
    const range: FileRange = {
      type: known as FileActivation,
      scale: Number(scaleData.data[0]),
      zeroPoint: Number(zeroData?.data[0] ?? 0),
    };
    return range.scale > 0 && range.scale < Infinity ? range : undefined;
  }

  /** Whether integers are read with the scale and the zero point that they were made with. */
  isReadAs(integers: string | undefined, scale: string, zeroPoint: string | undefined): boolean {
    const twin = this.of(integers);
    const range = twin && this.range(scale, zeroPoint, twin.range.type);
    return range !== undefined && range.scale === twin!.range.scale &&
      range.zeroPoint === twin!.range.zeroPoint;
  }

  /**
   * Notes that integers stand for a float32 tensor. Behind a result that may be negative, a range from zero on
   * hides a Relu, which is written again.
   */
  pair(integers: string, float: string, twin: Omit<Twin, "float">, from: NodeProto): void {
    const name = this.ranged(integers, float, twin.range, from);
    this.#twins.set(integers, { ...twin, float: name });
    // For whoever still reads the integers; else it is dead.
    const quantize = from.opType === "QuantizeLinear"
      ? { ...from, input: [name, ...from.input.slice(1)] }
      : makeNode("QuantizeLinear", [name, twin.scale, twin.zeroPoint], [integers], {}, {
        name: this.context.fresh(`${from.name}_quantize`),
      });
    this.write(quantize, from);
  }

  /** Notes the range of a float32 tensor. @returns Its name, or that of the Relu behind it that the range hides. */
  ranged(integers: string, float: string, range: FileRange, from: NodeProto): string {
    const limits = this.#limits(integers, range.type);
    const name = this.#hidesRelu(float, range, limits[0])
      ? this.#clip(float, range, limits[1], from)
      : float;
    this.log.ranges.set(name, range);
    return name;
  }

  /** The least and the largest integer: training with fewer steps than the type has writes a Clip. */
  #limits(integers: string, type: FileActivation): readonly [number, number] {
    const [least, most] = GRIDS[type];
    const [clip, ...others] = this.readersOf(integers);
    if (clip?.opType !== "Clip" || others.length > 0) return [least, most];
    const bound = (i: number, otherwise: number) => {
      const stored = readNumbers(this.constant(clip.input[i]));
      return stored ? Number(stored.data[0]) : otherwise;
    };
    return [Math.max(least, bound(1, least)), Math.min(most, bound(2, most))];
  }

  #hidesRelu(float: string, { zeroPoint }: FileRange, least: number): boolean {
    if (zeroPoint !== least) return false;
    const maker = this.#made.get(float);
    if (!maker || !isStandard(maker) || !SIGNED_RESULTS.test(maker.opType)) return false;
    if (maker.opType !== "Add") return true;
    return !maker.input.every((name) => {
      const range = this.log.ranges.get(name);
      return range && range.zeroPoint === GRIDS[range.type][0];
    });
  }

  #clip(float: string, { scale, zeroPoint }: FileRange, most: number, from: NodeProto): string {
    const name = this.context.fresh(`${float}_relu`);
    const top = scale * (most - zeroPoint);
    const isSix = Math.abs(top - 6) <= scale;
    const bound = (base: string, value: number) =>
      this.addConstant(base, { type: "float32", dims: [], data: Float32Array.of(value) });
    const input = isSix ? [float, bound("relu6_min", 0), bound("relu6_max", 6)] : [float];
    const nodeName = this.context.fresh(`${this.#made.get(float)!.name}_relu`);
    this.write(makeNode(isSix ? "Clip" : "Relu", input, [name], {}, { name: nodeName }), from);
    this.log.clipped.add(name);
    return name;
  }

  /** Has all that reads the result of a DequantizeLinear read the float32 tensor itself. */
  rename(dequantized: string, float: string, from: NodeProto): void {
    this.#isChanged = true;
    this.#renamed.set(dequantized, float);
    if (!this.isPinned(dequantized)) return;
    const copy = makeNode("Identity", [float], [dequantized], {}, { name: from.name });
    this.write(copy, from);
    if (!this.isPinned(float) && this.#made.has(float)) this.#copies.set(float, copy);
  }

  /** The nodes, in which floats that an output of the graph is a copy of have its name. */
  settled(): readonly NodeProto[] {
    const names = new Map<string, string>();
    const dropped = new Set<NodeProto>();
    for (const [float, copy] of this.#copies) {
      names.set(float, copy.output[0]!);
      dropped.add(copy);
    }
    if (names.size === 0) return this.nodes;
    const { ranges, clipped } = this.log;
    for (const [float, name] of names) {
      const range = ranges.get(float);
      if (range) ranges.set(name, range);
      ranges.delete(float);
      if (clipped.delete(float)) clipped.add(name);
    }
    const named = (all: readonly string[]) => all.map((name) => names.get(name) ?? name);
    return this.nodes.flatMap((node) => {
      if (dropped.has(node)) return [];
      const { input, output } = node;
      if (![...input, ...output].some((name) => names.has(name))) return node;
      const renamed = { ...node, input: named(input), output: named(output) };
      this.context.origins.inherit(renamed, node);
      return renamed;
    });
  }

  /** The floats that integers stand for with one scale, whatever makes them. @returns Their name. */
  dequantized(integers: string, scale: string, zeroPoint: string, from: NodeProto): string {
    const key = [integers, scale, zeroPoint].join(" ");
    const known = this.#dequantized.get(key);
    if (known !== undefined) return known;
    const float = this.context.fresh(`${integers}_float`);
    const parts = zeroPoint === "" ? [integers, scale] : [integers, scale, zeroPoint];
    const node = makeNode("DequantizeLinear", parts, [float], {}, {
      name: this.context.fresh(`${from.name}_dequantize`),
    });
    this.write(node, from);
    this.#isChanged = true;
    this.#dequantized.set(key, float);
    this.log.leave(node, this.whoMakes(integers));
    return float;
  }

  /** Why integers that nothing known made stay integers. */
  whoMakes(integers: string): string {
    const maker = this.makerOf(integers);
    if (maker) return `${maker.opType} makes its integers`;
    return this.#inputs.has(integers)
      ? "its integers are an input of the graph"
      : "its integers come from the graph around";
  }

  /** A float32 constant that knows the integers of a stored one. @returns Undefined of what it cannot be. */
  weights(
    stored: string,
    scale: string,
    zeroPoint: string | undefined,
    axisOf: (rank: number) => number,
  ): { name: string; type: string } | undefined {
    const [integers, scales, zero] = [stored, scale, zeroPoint].map((name) => this.constant(name));
    if (zeroPoint && !zero) return undefined;
    const rank = integers ? integers.dims.length : 0;
    const along = (dims: readonly number[]) => {
      const axis = axisOf(rank);
      return Array.from({ length: rank }, (_, i) => i === axis ? elementCount(dims) : 1);
    };
    const weights = productWeights({ integers, scale: scales, zero }, along);
    const known = weights && knownOf(weights);
    if (!weights || !known) return undefined;
    const name = this.context.fresh(stored.replace(/_quantized$/, ""));
    const made = floatConstant(name, known);
    this.added.push(made);
    this.#constants.set(name, made);
    return { name, type: weights.type };
  }

  /** A free name for the float32 tensor of integers: theirs without what quantizers append. */
  floatName(integers: string): string {
    const plain = integers.replace(/_(quantized|QuantizeLinear_Output)$/, "");
    return this.context.fresh(plain === integers ? `${integers}_float` : plain);
  }

  /** The node of the file that makes a value. */
  makerOf(name: string): NodeProto | undefined {
    return this.#makers.get(name);
  }

  readersOf(name: string): readonly NodeProto[] {
    return this.#readers.get(name) ?? [];
  }
}

/** Whether a node changes integers to floats or back, of the standard or onnxruntime's own. */
export function isConversion(
  node: NodeProto,
  opType: "QuantizeLinear" | "DequantizeLinear",
): boolean {
  return node.opType === opType && (isStandard(node) || domainOf(node) === CONTRIB_DOMAIN);
}
