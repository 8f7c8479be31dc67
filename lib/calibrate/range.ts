/**
 * The interval of real values that a tensor's integers are to represent, in the tensor's units.
 * @category Observers (advanced)
 */
export interface Range {
  /** Its lower end: what is below is clipped. */
  readonly min: number;
  /** Its upper end: what is above is clipped. */
  readonly max: number;
}
