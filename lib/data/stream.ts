import { UserError } from "../errors.ts";

/**
 * How the samples of a data set follow one another, and what a network remembers from one to the
 * next: the samples are steps of sequences, and before each step but a sequence's first, what the
 * network gave as its state is fed back to it.
 * @category Samples (advanced)
 */
export interface Stream {
  /** Output of the network → the input that takes it at the next step. */
  readonly state: Readonly<Record<string, string>>;
  /** Steps of each sequence, in the order of the samples. */
  readonly lengths: readonly number[];
}

/** Index of the first sample of each sequence. */
export function sequenceStarts({ lengths }: Stream): number[] {
  let start = 0;
  return lengths.map((length) => (start += length) - length);
}

/**
 * The stream that is left when only some samples are taken, in a new order: whole sequences, or runs
 * of steps from them, which then begin with the state that a first step has.
 *
 * @param name Of the data set, for the message.
 * @throws {UserError} If steps are left out within a sequence, or not in order.
 */
export function selectStream(stream: Stream, indices: readonly number[], name: string): Stream {
  const starts = sequenceStarts(stream);
  const sequenceOf = new Int32Array(stream.lengths.reduce((a, b) => a + b, 0));
  starts.forEach((start, s) => sequenceOf.fill(s, start, start + stream.lengths[s]!));
  const lengths: number[] = [];
  indices.forEach((index, i) => {
    const before = indices[i - 1];
    const goesOn = before !== undefined && sequenceOf[before] === sequenceOf[index];
    if (!goesOn) lengths.push(1);
    else if (index === before + 1) lengths[lengths.length - 1]!++;
    else {
      throw new UserError(
        `Cannot select samples of ${name}: they are steps of sequences, and step ` +
          `${index - starts[sequenceOf[index]!]!} of sequence ${
            sequenceOf[index]
          } does not follow ` +
          `step ${before - starts[sequenceOf[before]!]!}; take sequences, or runs of steps`,
      );
    }
  });
  return { state: stream.state, lengths };
}

/** The mean of the values of each sequence's steps; NaN counts as no value. */
export function meanBySequence({ lengths }: Stream, values: Float64Array): Float64Array {
  let start = 0;
  return Float64Array.from(lengths, (length) => {
    const own = values.subarray(start, start += length).filter((value) => !Number.isNaN(value));
    return own.reduce((a, b) => a + b, 0) / own.length;
  });
}
