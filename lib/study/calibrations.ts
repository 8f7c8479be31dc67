import { calibrateSizes } from "../calibrate/calibrate.ts";
import {
  type Calibration,
  CALIBRATION_FORMAT,
  calibrationFromJson,
  calibrationToJson,
} from "../calibrate/calibration.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import { tap } from "../quantize/prepare.ts";
import { contentKey } from "../record/json.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { StudyStore } from "./study_store.ts";

/** Options for {@linkcode Calibrations.of}. */
export interface CalibrationsOptions {
  /** Number of samples, from the first. @default {all there are} */
  size?: number;
  /** Other tensors and sizes that are wanted soon: the same pass over the data serves them. @default {none} */
  soon?: { readonly tensors: readonly string[]; readonly sizes: readonly number[] };
  signal?: AbortSignal;
  /** Called with the number of samples done, and of all. */
  onProgress?: (done: number, of: number) => void;
}

/**
 * What calibration saw, for each form of a network and number of samples: one pass over the data for all
 * tensors that are wanted, kept in the store of the study.
 */
export class Calibrations {
  readonly #data: Dataset;
  readonly #store: StudyStore;
  readonly #runtime: () => Runtime;
  readonly #known = new Map<string, Calibration>();

  /** @param data The calibration split. */
  constructor(data: Dataset, store: StudyStore, runtime: () => Runtime) {
    this.#data = data;
    this.#store = store;
    this.#runtime = runtime;
  }

  /**
   * What was seen of some tensors of a model, and of all others that were watched with them.
   *
   * @throws {UserError} If a sample does not fit the model, or a tensor turns NaN.
   */
  async of(
    base: Model,
    tensors: readonly string[],
    options: CalibrationsOptions = {},
  ): Promise<Calibration> {
    const { size = this.#data.length } = options;
    const known = await this.known(base, size);
    if (known && tensors.every((name) => known.statistics.has(name))) return known;
    await this.#calibrate(base, tensors, size, options);
    return (await this.known(base, size))!;
  }

  /** What has been seen in so many samples, in this run or, if the store has it, in an earlier one. */
  async known(base: Model, size: number): Promise<Calibration | undefined> {
    const name = await this.#documentOf(base, size);
    const known = this.#known.get(name);
    if (known) return known;
    const stored = await this.#store.document(name);
    if (stored === undefined) return undefined;
    const calibration = calibrationFromJson(stored);
    this.#known.set(name, calibration);
    return calibration;
  }

  async #calibrate(
    base: Model,
    tensors: readonly string[],
    size: number,
    { soon, signal, onProgress }: CalibrationsOptions,
  ): Promise<void> {
    const sizes = [...new Set([size, ...soon?.sizes ?? []])];
    const most = Math.max(...sizes);
    const watched = tap(base, [...new Set([...tensors, ...soon?.tensors ?? []])]);
    const found = await calibrateSizes(watched, this.#data, sizes, {
      ...{ runtime: this.#runtime(), signal },
      ...(onProgress && { onProgress: (done: number) => onProgress(done, most) }),
    });
    for (const [i, calibration] of found.entries()) {
      const name = await this.#documentOf(base, sizes[i]!);
      await this.#store.putDocument(name, calibrationToJson(calibration));
      this.#known.set(name, calibration);
    }
  }

  /** Name under which a calibration is stored: by all that it depends on. */
  async #documentOf(base: Model, samples: number): Promise<string> {
    const key = contentKey({
      model: await base.hash(),
      data: await this.#data.hash(),
      samples,
      format: CALIBRATION_FORMAT,
    });
    return `calibration ${key}`;
  }
}
