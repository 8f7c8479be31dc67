/**
 * What calibration saw of one tensor, and what each observer keeps of it.
 * @category Charts (notebook)
 */
export interface TensorRange {
  /** Its name. */
  tensor: string;
  /** Operator that makes it; "" for an input of the network. */
  opType: string;
  /** Module path of that operator, "" where none can be recovered. */
  path: string;
  /** Values seen. */
  count: number;
  /** The smallest value seen. */
  min: number;
  /** The largest value seen. */
  max: number;
  /** For a picture: at most 64 bins, `[start + i * width, start + (i + 1) * width)`. */
  histogram: {
    start: number;
    width: number;
    counts: number[];
  };
  /** What each observer keeps: an interval, in the units of the tensor. */
  clips: {
    observer: string;
    min: number;
    max: number;
    /** SQNR of rounding to uint8 over it, of the values seen; null where none is lost. */
    dB: number | null;
  }[];
}

/**
 * The tensors that observers see most differently.
 * @category Charts (notebook)
 */
export interface RangesRecord {
  /** Calibration samples seen. */
  samples: number;
  /** Those that they see most differently first. */
  tensors: TensorRange[];
  /** Tensors that are not among them. */
  others: number;
}
