import { constants, graphInputs, subgraphs, valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { intAttribute, intsAttribute, isStandard } from "../onnx/node.ts";
import { tensorsMade } from "../onnx/non_tensors.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { withOutputs } from "../onnx/outputs.ts";
import { type OpenDimension, ShapeMap, type ValueShape } from "../onnx/shape_map.ts";
import { dimsOf, elementType } from "../onnx/tensor_proto.ts";
import type { ElementArrays, ElementType, Feeds, Tensor } from "../tensor/tensor.ts";
import { openRuntime } from "./open_runtime.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Options for {@linkcode learnShapes}.
 * @category Passes (advanced)
 */
export interface LearnShapesOptions {
  /**
   * Workers to run it in, which end a network that does not.
   * @default {one in this thread, which nothing
   * stops}
   */
  runtime?: Runtime;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
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
 * import { float32Tensor } from "octavo";
 * import { learnShapes, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, H]; output y float32[N, ?]
 *   h = Transpose(x) {perm=[1, 0]}; y = Transpose(h) {perm=[1, 0]}`);
 * const shapes = await learnShapes(model, { x: float32Tensor([1, 3], [1, 2, 3]) });
 * assert.deepEqual(shapes.get("h")!.dims, [3, 1]);
 * assert.deepEqual(shapes.get("h")!.depends, [["H"], ["N"]]);
 * ```
 * @category Passes (advanced)
 */
export async function learnShapes(
  model: Model,
  feeds: Feeds,
  options: LearnShapesOptions = {},
): Promise<ShapeMap> {
  const { runtime, signal } = options;
  if (!runtime) {
    await using own = openRuntime({ workers: 0 });
    return await learnShapes(model, feeds, { runtime: own, signal });
  }
  const { graph } = model;
  const tapped = withOutputs(model, tensorsMade(graph));
  const once = { optimization: "disabled", signal } as const;
  const shapesOf = async (feeds: Feeds) => {
    const shapes = new Map(Object.entries(feeds).map(plainShape));
    for await (const results of runtime.run(tapped, [feeds], once)) {
      for (const entry of Object.entries(results)) shapes.set(...plainShape(entry));
    }
    return shapes;
  };
  const first = await shapesOf(feeds);
  const values = new Map<string, Mutable>(
    Array.from(first, ([name, shape]) => [name, { ...shape, depends: shape.dims.map(() => []) }]),
  );
  const probe = async (dimension: Dimension): Promise<OpenDimension> => {
    const second = await shapesOf(doubled(feeds, dimension)).catch(() => undefined);
    signal?.throwIfAborted();
    for (const [name, { dims }] of second ?? []) {
      const value = values.get(name);
      if (value?.dims.length !== dims.length) values.delete(name); // not even its rank is certain
      else dims.forEach((n, i) => n !== value.dims[i] && value.depends[i]!.push(dimension.name));
    }
    return { ...dimension, isFree: second !== undefined };
  };
  const open = await probeAll(openDimensions(graph, feeds), probe);
  const known = new Map<string, ValueShape>([...constantShapes(graph), ...values]);
  return new ShapeMap(new Map([...scanShapes(graph, known), ...known]), open);
}

/** Probes each dimension by itself, then those of equal length together if they are not free alone. */
async function probeAll(
  dimensions: readonly Dimension[],
  probe: (dimension: Dimension) => Promise<OpenDimension>,
): Promise<OpenDimension[]> {
  let open: OpenDimension[] = [];
  for (const dimension of dimensions) open.push(await probe(dimension));
  for (const together of alike(open.filter(({ isFree }) => !isFree))) {
    const joint = await probe(joined(together));
    if (joint.isFree) open = [joint, ...open.filter((one) => !together.includes(one))];
  }
  return open;
}

type Dimension = Omit<OpenDimension, "isFree">;

type Mutable = ValueShape & { readonly depends: string[][] };

function plainShape(
  [name, { type, dims }]: [string, Tensor],
): [string, Pick<ValueShape, "dims"> & { type: ElementType }] {
  return [name, { type, dims }];
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

/**
 * The dimensions that the file leaves open. Those of one name are one, unless the sample gives them several
 * lengths, which the runtime takes: some exporters write "?" for all that they do not know.
 */
function openDimensions(graph: GraphProto, feeds: Feeds): Dimension[] {
  const { inputs } = valueTypes({ ...graph, input: graphInputs(graph), output: [] });
  const places = inputs.flatMap(({ name: input, dims = [] }) =>
    dims.flatMap((dim, axis) => {
      if (typeof dim === "number") return [];
      const own = `${input}[${axis}]`;
      return [{ input, axis, own, name: dim ?? own, length: feeds[input]?.dims[axis] ?? 0 }];
    })
  );
  const isOne = (name: string) =>
    new Set(places.flatMap((place) => place.name === name ? [place.length] : [])).size === 1;
  const groups = Map.groupBy(places, ({ name, own }) => isOne(name) ? name : own);
  return Array.from(groups, ([name, group]) => ({
    name,
    length: group[0]!.length,
    places: group.map(({ input, axis }) => ({ input, axis })),
    isBatch: group.some(({ axis }) => axis === 0),
  }));
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
