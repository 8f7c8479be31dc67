/**
 * Whose time a clock tells: of one thread's processor, of the whole process', or the wall's.
 * @category Measuring (advanced)
 */
export type ClockKind = "thread" | "process" | "wall";

/** What runs are timed with. */
export interface Clock {
  readonly kind: ClockKind;
  /** Milliseconds since some moment. */
  now(): number;
  /**
   * Milliseconds of processors that the other threads of this process have used since some moment.
   * Where nothing else goes on in the process, these are V8's compilers. Absent where it is not told.
   */
  others?(): number;
}

/** The time on the wall: all there is in a browser, and with several threads. */
export const wallClock: Clock = { kind: "wall", now: () => performance.now() };
