import type { PlanRow } from "../record/plan_record.ts";
import { megabytes, plural } from "./format.ts";
import type { Column } from "./table.ts";

/** Layers of a plan that became the same. */
export interface PlanKind {
  readonly count: number;
  readonly opType: string;
  /** The form that they have: `static`, `dynamic`, `weightOnly`, `float32`. */
  readonly becomes: string;
  /** The operator that runs for them. */
  readonly executes: string;
  /** Bytes of their weights in float32; what several layers share is counted with the first. */
  readonly bytes: number;
  /** Why they stayed float32, where they did. */
  readonly why: string;
}

/**
 * The rows of a plan that are layers: what has weights, or multiplies matrices. The rest moves values, works
 * out shapes, or runs inside a layer's kernel. All rows where it is not known which are layers.
 */
export function layersIn(plan: readonly PlanRow[]): readonly PlanRow[] {
  const layers = plan.filter(({ weights }) => weights !== undefined);
  return layers.length > 0 ? layers : plan;
}

/** The rows of a plan that are no layers. */
export function othersIn(plan: readonly PlanRow[]): PlanRow[] {
  const layers = new Set(layersIn(plan));
  return plan.filter((row) => !layers.has(row));
}

/** The layers of a plan by operator and what became of them, largest first. */
export function planKinds(plan: readonly PlanRow[]): PlanKind[] {
  const kinds = new Map<string, PlanKind>();
  for (const { opType, asked, applied, executes, weights = 0, shared = 0, why } of layersIn(plan)) {
    const becomes = applied ?? asked;
    const reason = becomes === "float32" ? why : "";
    const key = JSON.stringify([opType, becomes, executes, reason]);
    const { count = 0, bytes = 0 } = kinds.get(key) ?? {};
    kinds.set(key, {
      ...{ opType, becomes, executes, why: reason },
      ...{ count: count + 1, bytes: bytes + weights - shared },
    });
  }
  return [...kinds.values()].sort((a, b) => b.bytes - a.bytes || b.count - a.count);
}

/** The columns of the table of kinds. */
export const KIND_COLUMNS: readonly Column<PlanKind>[] = [
  { head: "layers", text: ({ count }) => String(count), numeric: true },
  { head: "operator", text: ({ opType }) => opType },
  { head: "becomes", text: ({ becomes }) => becomes },
  { head: "executes as", text: ({ executes }) => executes || "–" },
  {
    head: "float32 weights",
    text: ({ bytes }) => bytes > 0 ? megabytes(bytes) : "–",
    numeric: true,
  },
  { head: "why float32", text: ({ why }) => why, wraps: true },
];

/** What is not among the layers, in a sentence; undefined where all are. */
export function restOf(plan: readonly PlanRow[]): string | undefined {
  const others = othersIn(plan);
  if (others.length === 0) return undefined;
  const inside = others.filter(({ inside }) => inside).length;
  const parts = [
    inside > 0 && `${inside} inside the kernels of others`,
    others.length > inside &&
    `${others.length - inside} that compute on values alone, move them, or were folded away`,
  ].filter(Boolean);
  return `Besides, ${plural(others.length, "node")} without weights: ${parts.join(", ")}.`;
}
