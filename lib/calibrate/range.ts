/** The interval of real values that a tensor's integers are to represent, in the tensor's units. */
export interface Range {
  readonly min: number;
  readonly max: number;
}
