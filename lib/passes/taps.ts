import type { Window } from "../onnx/pool_window.ts";
import { elementCount } from "../tensor/tensor.ts";

/**
 * Output positions that see the same taps of the kernel inside the input, and what they read there.
 * @category Passes (advanced)
 */
export interface TapClass {
  /** Flat output positions, ascending. */
  readonly positions: readonly number[];
  /** Flat indices into the kernel, ascending: the taps that do not lie in the padding. */
  readonly taps: readonly number[];
  /** Flat input position for each position and each of its taps. */
  readonly reads: readonly number[];
}

/**
 * Sorts the output positions of a convolution by the taps that fall on the input and not into the
 * padding. A 3x3 kernel on a padded map of 3x3 or more has nine classes: corners, edges and the inside.
 *
 * @returns The classes, in the order of their first positions.
 */
export function tapClasses(window: Window): TapClass[] {
  const { kernel, strides, dilations, begins, input, output } = window;
  const classes = new Map<string, { positions: number[]; taps: number[]; reads: number[] }>();
  const offsets = places(kernel);
  places(output).forEach((place, position) => {
    const taps: number[] = [];
    const reads: number[] = [];
    offsets.forEach((offset, tap) => {
      const at = place.map((p, i) => p * strides[i]! + offset[i]! * dilations[i]! - begins[i]!);
      if (!at.every((x, i) => x >= 0 && x < input[i]!)) return;
      taps.push(tap);
      reads.push(at.reduce((flat, x, i) => flat * input[i]! + x, 0));
    });
    const key = taps.join();
    const known = classes.get(key);
    if (!known) classes.set(key, { positions: [position], taps, reads });
    else {
      known.positions.push(position);
      known.reads.push(...reads);
    }
  });
  return [...classes.values()];
}

/**
 * The classes that see the same rows of the kernel, put together: fewer, each of which reads zeros beyond the
 * map's other sides. Those are `places`, behind the last place of the input.
 */
export function rowClasses(
  { window, classes }: { readonly window: Window; readonly classes: readonly TapClass[] },
): TapClass[] {
  const [, ...inner] = window.kernel;
  const inRow = elementCount(inner);
  const places = elementCount(window.input);
  const rowsOf = ({ taps }: TapClass) => [...new Set(taps.map((tap) => Math.floor(tap / inRow)))];
  const groups = [...Map.groupBy(classes, (one) => rowsOf(one).join()).values()];
  return groups.map((group) => {
    const taps = [...new Set(group.flatMap((one) => one.taps))].sort((a, b) => a - b);
    const rows = group.flatMap((one) =>
      one.positions.map((position, i) => {
        const read = (tap: number) => {
          const at = one.taps.indexOf(tap);
          return at < 0 ? places : one.reads[i * one.taps.length + at]!;
        };
        return { position, reads: taps.map(read) };
      })
    ).sort((a, b) => a.position - b.position);
    return {
      positions: rows.map(({ position }) => position),
      taps,
      reads: rows.flatMap(({ reads }) => reads),
    };
  });
}

/** All indices of a row-major array of this shape, in order. */
function places(lengths: readonly number[]): number[][] {
  return lengths.reduce<number[][]>(
    (found, length) => found.flatMap((head) => Array.from({ length }, (_, i) => [...head, i])),
    [[]],
  );
}
