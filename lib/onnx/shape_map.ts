import type { ElementType } from "../tensor/tensor.ts";

/**
 * A dimension that a network leaves open: the batch, the height of a picture.
 * @category Passes (advanced)
 */
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

/**
 * Type and shape of one value, as a sample showed it.
 * @category Passes (advanced)
 */
export interface ValueShape {
  /** Type of its elements; absent of what is no tensor. */
  readonly type?: ElementType;
  /** Length of each dimension in the sample. */
  readonly dims: readonly number[];
  /** For each axis, names of the open dimensions that change its length. */
  readonly depends: readonly (readonly string[])[];
}

/**
 * Shapes of the values of a network.
 * @category Passes (advanced)
 */
export class ShapeMap {
  /** Dimensions that the network leaves open. */
  readonly open: readonly OpenDimension[];
  readonly #values: ReadonlyMap<string, ValueShape>;
  readonly #fixed: Set<string>;
  readonly #batch: ReadonlySet<string>;

  /**
   * Makes one of shapes that are known; {@linkcode learnShapes} finds them out.
   *
   * @param values Shapes by name of the value.
   * @param open Dimensions that the network leaves open.
   * @param fixed Where to note fixed dimensions: see {@linkcode ShapeMap.fixed}.
   */
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

  /** The shape of a value; undefined if it is not known. */
  get(name: string | undefined): ValueShape | undefined {
    return this.#values.get(name ?? "");
  }

  /** Names of values, with their shapes. */
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
