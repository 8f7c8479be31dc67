import { create } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import { constants, graphInputs, subgraphs, valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { intAttribute, intsAttribute, isStandard } from "../onnx/node.ts";
import { type GraphProto, type NodeProto, ValueInfoProtoSchema } from "../onnx/onnx_pb.ts";
import { dimsOf, elementType } from "../onnx/tensor_proto.ts";
import { openSession } from "./session.ts";
import type { ElementArrays, ElementType, Feeds, Tensor } from "../tensor/tensor.ts";

/** A dimension that a network leaves open: the batch, the height of a picture. */
export interface OpenDimension {
  /** Its name in the file, or else where it stands: `x[2]`. */
  readonly name: string;
  /** Its length in the sample. */
  readonly length: number;
  /** Where inputs have it. */
  readonly places: readonly { readonly input: string; readonly axis: number }[];
  /**
   * Whether it is the first of an input, as a batch is. Rewrites never depend on its length, unless
   * the network runs with none but the sample's.
   */
  readonly isBatch: boolean;
  /** Whether the network also ran with twice the length; if not, the length counts as fixed. */
  readonly isFree: boolean;
}

/** Type and shape of one value, as a sample showed it. */
export interface ValueShape {
  readonly type?: ElementType;
  readonly dims: readonly number[];
  /** For each axis, names of the open dimensions that change its length. */
  readonly depends: readonly (readonly string[])[];
}

/** Shapes of the values of a network. */
export class ShapeMap {
  /** Dimensions that the network leaves open. */
  readonly open: readonly OpenDimension[];
  readonly #values: ReadonlyMap<string, ValueShape>;
  readonly #fixed: Set<string>;
  readonly #batch: ReadonlySet<string>;

  /** @param fixed Where to note fixed dimensions: see {@linkcode ShapeMap.fixed}. */
  constructor(
    values: ReadonlyMap<string, ValueShape>,
    open: readonly OpenDimension[],
    fixed: Set<string> = new Set(),
  ) {
    this.#values = values;
    this.open = open;
    this.#fixed = fixed;
    const batch = open.filter(({ isBatch, isFree }) => isBatch && isFree);
    this.#batch = new Set(batch.map(({ name }) => name));
  }

  get(name: string | undefined): ValueShape | undefined {
    return this.#values.get(name ?? "");
  }

  [Symbol.iterator](): IterableIterator<[string, ValueShape]> {
    return this.#values.entries();
  }

  /** Whether an axis keeps its length when the batch changes. */
  isBatchFree({ depends }: ValueShape, axis: number): boolean {
    return !depends[axis]!.some((name) => this.#batch.has(name));
  }

  /**
   * Notes that a rewrite holds only for the lengths that some axes of a value have in the sample.
   *
   * @returns The lengths; undefined, noting nothing, if the shape is not known or one of these axes
   * changes with the batch.
   */
  fix(name: string | undefined, axes: readonly number[]): number[] | undefined {
    const shape = this.get(name);
    if (!shape || !axes.every((axis) => this.isBatchFree(shape, axis))) return undefined;
    for (const axis of axes) {
      for (const dimension of shape.depends[axis]!) this.#fixed.add(dimension);
    }
    // Of a dimension that takes no other length, nobody knows what depends on it.
    for (const { name, isFree } of this.open) if (!isFree) this.#fixed.add(name);
    return axes.map((axis) => shape.dims[axis]!);
  }

  /** The shape of a value, with those open dimensions alone that no rewrite has fixed. */
  stillOpen(name: string | undefined): ValueShape | undefined {
    const shape = this.get(name);
    return shape && {
      ...shape,
      depends: shape.depends.map((names) => names.filter((one) => !this.#fixed.has(one))),
    };
  }

  /** Open dimensions whose lengths rewrites now rely on. */
  get fixed(): OpenDimension[] {
    return this.open.filter(({ name }) => this.#fixed.has(name));
  }

  /** These shapes and more. What becomes fixed with one map is fixed in both. */
  with(more: ReadonlyMap<string, ValueShape>): ShapeMap {
    return new ShapeMap(new Map([...this.#values, ...more]), this.open, this.#fixed);
  }

  /** The same shapes with nothing noted as fixed yet. */
  afresh(): ShapeMap {
    return new ShapeMap(this.#values, this.open);
  }
}

/**
 * Learns type and shape of every value of the main graph from a run on a sample, all intermediate
 * values being outputs; then runs once more for each dimension that the file leaves open, with twice
 * its length, to see what changes. The values themselves are not kept.
 *
 * @param feeds One run's inputs.
 * @throws {UserError} If an input is missing or does not fit.
 * @throws {RuntimeError} If the runtime fails on the sample.
 * @example A map whose height follows an open dimension
 * ```ts
 * import { learnShapes } from "./learn_shapes.ts";
 * import { Model } from "../onnx/model.ts";
 * import { ModelProtoSchema, OperatorSetIdProtoSchema } from "../onnx/onnx_pb.ts";
 * import { parseGraph } from "../onnx/text.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import { create } from "@bufbuild/protobuf";
 * import assert from "node:assert/strict";
 *
 * const graph = parseGraph(`
 *   input x float32[N, H]; output y float32[N, ?]
 *   h = Transpose(x) {perm=[1, 0]}; y = Transpose(h) {perm=[1, 0]}`);
 * const opsetImport = [create(OperatorSetIdProtoSchema, { version: 17n })];
 * const model = new Model(create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph }));
 * const shapes = await learnShapes(model, { x: float32([1, 3], [1, 2, 3]) });
 * assert.deepEqual(shapes.get("h")!.dims, [3, 1]);
 * assert.deepEqual(shapes.get("h")!.depends, [["H"], ["N"]]);
 * ```
 */
export async function learnShapes(model: Model, feeds: Feeds): Promise<ShapeMap> {
  const { graph } = model;
  const names = graph.node.filter(givesTensors).flatMap(({ output }) => output).filter(Boolean);
  const given = new Set(graph.output.map(({ name }) => name));
  const taps = names.filter((name) => !given.has(name));
  const tapped = model.withGraph({
    ...graph,
    // The runtime infers the types of outputs that state none.
    output: [...graph.output, ...taps.map((name) => create(ValueInfoProtoSchema, { name }))],
  });
  const session = await openSession(tapped, { optimization: "disabled" });
  try {
    const shapesOf = async (feeds: Feeds) => {
      const results = await session.run(feeds);
      return new Map(Object.entries({ ...feeds, ...results }).map(plainShape));
    };
    const first = await shapesOf(feeds);
    const values = new Map<string, Mutable>(
      Array.from(first, ([name, shape]) => [name, { ...shape, depends: shape.dims.map(() => []) }]),
    );
    const probe = async (dimension: Dimension): Promise<OpenDimension> => {
      const second = await shapesOf(doubled(feeds, dimension)).catch(() => undefined);
      for (const [name, { dims }] of second ?? []) {
        const value = values.get(name);
        if (value?.dims.length !== dims.length) values.delete(name); // not even its rank is certain
        else dims.forEach((n, i) => n !== value.dims[i] && value.depends[i]!.push(dimension.name));
      }
      return { ...dimension, isFree: second !== undefined };
    };
    const open: OpenDimension[] = [];
    for (const dimension of openDimensions(graph, feeds)) open.push(await probe(dimension));
    for (const together of alike(open.filter(({ isFree }) => !isFree))) {
      const joint = await probe(joined(together));
      if (joint.isFree) {
        open.splice(
          0,
          Infinity,
          joint,
          ...open.filter((d) => !together.includes(d)),
        );
      }
    }
    const known = new Map<string, ValueShape>([...constantShapes(graph), ...values]);
    return new ShapeMap(new Map([...scanShapes(graph, known), ...known]), open);
  } finally {
    await session.release();
  }
}

type Dimension = Omit<OpenDimension, "isFree">;

type Mutable = ValueShape & { readonly depends: string[][] };

function plainShape(
  [name, { type, dims }]: [string, Tensor],
): [string, Pick<ValueShape, "dims"> & { type: ElementType }] {
  return [name, { type, dims }];
}

/** Operators whose results are sequences, maps or nothing at all. */
const NOT_TENSORS =
  /^(Sequence(Construct|Empty|Erase|Insert|Map)|SplitToSequence|Optional|ZipMap)$/;

function givesTensors(node: NodeProto): boolean {
  return !(isStandard(node) && (node.opType === "Constant" || NOT_TENSORS.test(node.opType)));
}

function constantShapes(graph: GraphProto): [string, ValueShape][] {
  return Array.from(constants(graph), ([name, tensor]) => {
    const dims = dimsOf(tensor);
    return [name, { type: elementType(tensor.dataType), dims, depends: dims.map(() => []) }];
  });
}

/**
 * Shapes of what the bodies of Scan nodes read in each turn: a state, or a slice of what is scanned. A
 * name that several bodies use for different shapes is left out.
 */
function scanShapes(
  graph: GraphProto,
  known: ReadonlyMap<string, ValueShape>,
): Map<string, ValueShape> {
  const shapes = new Map<string, ValueShape>();
  const clashing = new Set<string>();
  for (const node of graph.node) {
    const body = node.opType === "Scan" && isStandard(node) ? subgraphs(node)[0] : undefined;
    const scanned = intAttribute(node, "num_scan_inputs", 0);
    const states = node.input.length - scanned;
    // In opset 8 another input comes first.
    if (!body || body.input.length !== node.input.length) continue;
    const axes = intsAttribute(node, "scan_input_axes", []);
    body.input.forEach(({ name }, i) => {
      const whole = known.get(node.input[i]!);
      if (!whole) return;
      const axis = i < states ? undefined : axes[i - states] ?? 0;
      const shape = axis === undefined ? whole : {
        ...whole,
        dims: withoutAxis(whole.dims, axis),
        depends: withoutAxis(whole.depends, axis),
      };
      const other = shapes.get(name);
      if (other && JSON.stringify(other) !== JSON.stringify(shape)) clashing.add(name);
      shapes.set(name, shape);
    });
  }
  for (const name of clashing) shapes.delete(name);
  return shapes;
}

function withoutAxis<T>(list: readonly T[], axis: number): T[] {
  return list.toSpliced(axis, 1);
}

/** The dimensions that the file leaves open. Those of one name are one. */
function openDimensions(graph: GraphProto, feeds: Feeds): Dimension[] {
  const found = new Map<string, Dimension>();
  const { inputs } = valueTypes({ ...graph, input: graphInputs(graph), output: [] });
  for (const { name: input, dims = [] } of inputs) {
    dims.forEach((dim, axis) => {
      if (typeof dim === "number") return;
      const name = dim ?? `${input}[${axis}]`;
      const length = feeds[input]?.dims[axis] ?? 0;
      const known = found.get(name);
      if (known && known.length !== length) {
        throw new UserError(
          `Cannot learn shapes: the sample gives dimension "${name}" the lengths ` +
            `${known.length} and ${length}; the inputs that have it must agree`,
        );
      }
      const place = { input, axis };
      const places = [...known?.places ?? [], place];
      found.set(name, { name, length, places, isBatch: axis === 0 || known?.isBatch === true });
    });
  }
  return [...found.values()];
}

/**
 * Dimensions of equal length, two or more: files that name no dimensions do not say which of them are
 * one, such as the batch of an input and that of a state.
 */
function alike(dimensions: readonly OpenDimension[]): OpenDimension[][] {
  const groups = Object.groupBy(dimensions, ({ length }) => length);
  return Object.values(groups).filter((group) =>
    group !== undefined && group.length > 1
  ) as OpenDimension[][];
}

function joined(dimensions: readonly OpenDimension[]): Dimension {
  return {
    ...dimensions[0]!,
    places: dimensions.flatMap(({ places }) => places),
    isBatch: dimensions.some(({ isBatch }) => isBatch),
  };
}

/** The sample with a dimension twice as long: everything along it once more. */
function doubled(feeds: Feeds, { places }: Dimension): Feeds {
  const changed: Record<string, Tensor> = { ...feeds };
  for (const { input, axis } of places) changed[input] = repeat(changed[input]!, axis);
  return changed;
}

function repeat<T extends Exclude<ElementType, "string">>(tensor: Tensor, axis: number): Tensor {
  const { type, dims, data } = tensor as Tensor<T>;
  const block = dims.slice(axis).reduce((a, b) => a * b, 1);
  const twice = new (data.constructor as new (length: number) => ElementArrays[T])(2 * data.length);
  for (let i = 0; i < 2 * data.length; i++) {
    twice[i] = data[Math.floor(i / (2 * block)) * block + i % block]!;
  }
  return { type, dims: dims.map((n, i) => i === axis ? 2 * n : n), data: twice } as Tensor;
}
