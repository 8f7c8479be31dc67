import type { Random } from "../../lib/random.ts";

/** Says that what follows is the work of other software, until the task is done. */
export type Outside = <T>(software: string, task: () => Promise<T>) => Promise<T>;

/** A reader that takes files from outside. */
export interface Target {
  readonly name: string;
  /** Files that it takes, built in code. */
  readonly seeds: () => Promise<readonly Uint8Array[]>;
  readonly mutate: (bytes: Uint8Array, stream: Random) => Uint8Array;
  /** Reads a mutant, and does with it what commands do. */
  readonly read: (bytes: Uint8Array, outside: Outside) => Promise<void>;
}
