import { type Table, table } from "../../lib/display.ts";
import type { Outcome } from "./judge.ts";
import type { Ending } from "./pool.ts";

/** Columns of the counts, from the best to the worst. */
const OUTCOMES: readonly Outcome[] = [
  ...["fine", "sentence", "unclear", "unexpected", "hang", "memory", "death"] as const,
];

/** A kind of failure, and how often it was met. */
export interface Kind {
  readonly reader: string;
  readonly ending: Ending;
  count: number;
}

/** Counts how mutants ended. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #kinds = new Map<string, Kind>();

  add(reader: string, ending: Ending): void {
    const counts = this.#counts.get(reader) ?? new Map<string, number>();
    this.#counts.set(reader, counts);
    const column = ending.outside === "" ? ending.outcome : OUTSIDE;
    counts.set(column, (counts.get(column) ?? 0) + 1);
    if (ending.outcome === "fine" || ending.outcome === "sentence") return;
    const { outcome, outside, what = "", where = "" } = ending;
    const key = JSON.stringify([reader, outcome, outside, what, where]);
    const kind = this.#kinds.get(key);
    if (kind) kind.count++;
    else this.#kinds.set(key, { reader, ending, count: 1 });
  }

  /** Kinds of failures of Octavo, the most frequent first. */
  get ours(): Kind[] {
    return this.#sorted(({ ending }) => ending.outside === "");
  }

  /** Kinds of failures of the software that it uses. */
  get others(): Kind[] {
    return this.#sorted(({ ending }) => ending.outside !== "");
  }

  /** One row for each reader. */
  get counts(): Table {
    return table(
      [...this.#counts].sort().map(([reader, counts]) => ({
        reader,
        ...Object.fromEntries(
          [...OUTCOMES, OUTSIDE].map((column) => [column, counts.get(column) ?? 0]),
        ),
      })),
    );
  }

  #sorted(which: (kind: Kind) => boolean): Kind[] {
    return [...this.#kinds.values()].filter(which).sort((a, b) => b.count - a.count);
  }
}

/** Column of what hung, died or took too much in other software. */
const OUTSIDE = "other software";
