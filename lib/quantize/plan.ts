import { JUPYTER_DISPLAY, type MimeBundle, table } from "../display.ts";
import type { PlanRow } from "../record/plan_record.ts";

/** The decision for every node. Shows itself as a table. */
export class Plan {
  readonly rows: readonly PlanRow[];

  constructor(rows: readonly PlanRow[]) {
    this.rows = rows;
  }

  /** How many nodes run as what, e.g. `{ QLinearConv: 20, GRU: 2 }`; empty when not read back. */
  executes(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { executes, inside } of this.rows) {
      // A node that runs inside another's kernel is not counted beside it.
      if (executes === "" || inside) continue;
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
