import type { AllowsForm } from "../cost/candidates.ts";
import type { Undone } from "../passes/undo/undo_int8.ts";
import type { FileForm, FileRange } from "../passes/undo/undo_log.ts";

/** What an int8 file says of how its network may be computed. */
export interface FileForms {
  readonly ranges: ReadonlyMap<string, FileRange>;
  /** Which layers may be int8, and how. @default {all} */
  readonly allows?: AllowsForm;
  /** Whether no layer may be static of which the file has no ranges. */
  readonly isRestricted: boolean;
}

/** Of these the range may be that of the products it feeds: their results need not be int8. */
const PRODUCTS: ReadonlySet<string> = new Set(["Gemm", "MatMul"]);

/**
 * The forms in which nothing is rounded that the file does not round: float32 always, static int8 where the
 * file has all ranges in 8 bits, dynamic int8 where it was dynamic, or static with ranges of all that it reads:
 * the runtime has dynamic kernels for products that it finds no static ones for, and these leave the result alone.
 */
export function formsOfFile({ ranges, layers }: Undone): FileForms {
  const forms = new Map(layers.map(({ node, form }): [string, FileForm] => [node, form]));
  const isRanged = (name: string) => /^u?int8$/.test(ranges.get(name)?.type ?? "");
  const allows: AllowsForm = ({ nodes, inputs, outputs }, kind, written) => {
    const own = nodes.flatMap(({ name }) => forms.get(name) ?? []);
    if (written || own.includes("weights")) return false;
    if (kind === "dynamic") {
      return own.includes("dynamic") || (own.includes("static") && inputs.every(isRanged));
    }
    if (own.includes("dynamic")) return false;
    const isProduct = nodes.some(({ opType }) => PRODUCTS.has(opType));
    return inputs.every(isRanged) && (isProduct || outputs.every(isRanged));
  };
  return { ranges, allows, isRestricted: true };
}
