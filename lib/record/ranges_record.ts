import { z } from "zod";

/** What calibration saw of one tensor, and what each observer keeps of it. */
const tensorRange = z.strictObject({
  tensor: z.string(),
  /** Operator that makes it; "" for an input of the network. */
  opType: z.string(),
  /** Module path of that operator, "" where none can be recovered. */
  path: z.string(),
  /** Values seen. */
  count: z.number(),
  /** The smallest and the largest. */
  min: z.number(),
  max: z.number(),
  /** For a picture: at most 64 bins, `[start + i * width, start + (i + 1) * width)`. */
  histogram: z.strictObject({ start: z.number(), width: z.number(), counts: z.array(z.number()) }),
  clips: z.array(z.strictObject({
    observer: z.string(),
    min: z.number(),
    max: z.number(),
    /** SQNR of rounding to uint8 over it, of the values seen; null where none is lost. */
    dB: z.number().nullable(),
  })),
});
/** What calibration saw of one tensor, and what each observer keeps of it: plain JSON. */
export type TensorRange = z.infer<typeof tensorRange>;

/** The tensors that observers see most differently. */
export const rangesRecord = z.strictObject({
  /** Calibration samples seen. */
  samples: z.int(),
  tensors: z.array(tensorRange),
  /** Tensors that are not among them. */
  others: z.int(),
});
/** The tensors that observers see most differently: plain JSON. */
export type RangesRecord = z.infer<typeof rangesRecord>;
