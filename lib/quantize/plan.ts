import { JUPYTER_DISPLAY, type MimeBundle, table } from "../display.ts";

/** What one node was asked to be, and what the runtime made of it. */
export interface PlanRow {
  /** Name of the node, or of its first output where it has none. */
  readonly node: string;
  readonly opType: string;
  /** Module path, "" where none can be recovered. */
  readonly path: string;
  /** Kind of the qconfig that the mapping resolves to. */
  readonly asked: string;
  /** Operator that runs in the runtime's optimized graph, e.g. `QLinearConv`; "" when not read back. */
  readonly executes: string;
  /** The rule that asked, and the reason if it is something else that runs. */
  readonly why: string;
  /** Milliseconds of what executes, where it was timed; a node inside another's kernel has none. */
  readonly ms?: number;
  /**
   * SQNR of what it gives against float32's own, dB, where it was measured: with the errors of all
   * that goes before it. Absent where the two are equal to the bit.
   */
  readonly dB?: number;
}

/** The decision for every node. Shows itself as a table. */
export class Plan {
  readonly rows: readonly PlanRow[];

  constructor(rows: readonly PlanRow[]) {
    this.rows = rows;
  }

  /** How many nodes run as what, e.g. `{ QLinearConv: 20, GRU: 2 }`; empty when not read back. */
  executes(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { executes } of this.rows) {
      // A node that runs inside another's kernel is not counted beside it.
      if (executes === "" || executes.startsWith("in ")) continue;
      counts[executes] = (counts[executes] ?? 0) + 1;
    }
    return counts;
  }

  /** The plan as plain text. */
  toString(): string {
    return this.#table().text;
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    const shown = this.#table();
    return { "text/html": shown.html, "text/plain": shown.text };
  }

  #table() {
    const rows = this.rows.map(({ node, opType, path, asked, executes, why, ms, dB }) => ({
      node: path || node,
      op: opType,
      asked,
      "executes as": executes,
      ms: ms === undefined ? undefined : Number(ms.toPrecision(3)),
      dB: dB === undefined ? undefined : Number(dB.toFixed(1)),
      why,
    }));
    const columns = ["node", "op", "asked", "executes as", "ms", "dB", "why"] as const;
    const measured = (column: "ms" | "dB") => rows.some((row) => row[column] !== undefined);
    return table(
      rows,
      columns.filter((column) => (column !== "ms" && column !== "dB") || measured(column)),
    );
  }
}
