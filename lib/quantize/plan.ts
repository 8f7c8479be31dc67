import { escapeHtml, JUPYTER_DISPLAY, type MimeBundle, type Table, table } from "../display.ts";
import type { PlanRow } from "../record/plan_record.ts";
import { KIND_COLUMNS, layersIn, planKinds, restOf } from "../report/plan_kinds.ts";
import { partColumns, planParts } from "../report/plan_parts.ts";
import type { Column } from "../report/table.ts";

/**
 * The decision for every node. Shows itself as two tables, the layers by kind and one by one (of a
 * transformer a row for each part of each layer), and a sentence about the nodes without weights;
 * {@linkcode Plan.all} shows every node.
 * @category Steps
 */
export class Plan {
  /** One for each node, in the order of the network. */
  readonly rows: readonly PlanRow[];

  /** Shows rows that were stored: one for each node, in the order of the network. */
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

  /** Every node, those without weights too. */
  get all(): Table {
    return nodeTable(this.rows);
  }

  /** The plan in short, as plain text. */
  toString(): string {
    const { tables, rest } = this.#short();
    return [...tables.map(({ text }) => text), ...rest ? [rest] : []].join("\n\n");
  }

  /** @ignore */
  [JUPYTER_DISPLAY](): MimeBundle {
    const { tables, rest } = this.#short();
    const more = rest && `<p>${escapeHtml(rest)}</p>` +
        `<details><summary>all ${this.rows.length} nodes</summary>${this.all.html}</details>`;
    return {
      "text/html": tables.map(({ html }) => html).join("") + (more ?? ""),
      "text/plain": this.toString(),
    };
  }

  #short(): { tables: readonly Table[]; rest: string | undefined } {
    const kinds = planKinds(this.rows);
    const layers = layersIn(this.rows);
    const summary = tableOf(kinds, KIND_COLUMNS);
    const parts = planParts(this.rows);
    if (parts.length > 0) {
      return { tables: [summary, tableOf(parts, partColumns(parts))], rest: restOf(this.rows) };
    }
    // One of each kind: the summary has said all of them.
    const tables = kinds.length === layers.length && kinds.length > 0 ? [] : [summary];
    return { tables: [...tables, nodeTable(layers)], rest: restOf(this.rows) };
  }
}

function tableOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Table {
  return table(
    rows.map((row) => Object.fromEntries(columns.map(({ head, text }) => [head, text(row)]))),
    columns.map(({ head }) => head),
  );
}

function nodeTable(plan: readonly PlanRow[]): Table {
  const rows = plan.map(({ node, opType, path, asked, executes, why, ms, dB }) => ({
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
