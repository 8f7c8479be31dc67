import {
  addValues,
  emptyStatistics,
  type TensorStatistics,
} from "../../lib/calibrate/statistics.ts";
import { generator } from "../random.ts";

/**
 * Numbers in the shape of a bell, in factor * [-2, 2]. They are made by additions and exact divisions
 * alone, so that another language makes the same ones to the bit: in Python, with the same generator,
 *
 *     np.array([factor * (r() + r() + r() + r() - 2) for _ in range(length)]).astype(np.float32)
 */
export function bell(length: number, seed: number, factor = 1): Float32Array<ArrayBuffer> {
  const r = generator(seed);
  return Float32Array.from({ length }, () => factor * (r() + r() + r() + r() - 2));
}

/** The batches that peers' numbers were recorded on: 512 values each, ever wider. */
export function batches(count: number): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, i) => bell(512, i + 1, 1 + i / 4));
}

/** Statistics of some samples. */
export function seen(
  ...samples: readonly (readonly number[] | Float32Array)[]
): TensorStatistics {
  return samples.reduce<TensorStatistics>(
    (statistics, sample) => addValues(statistics, Float32Array.from(sample)),
    emptyStatistics(),
  );
}
