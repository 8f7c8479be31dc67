import { makeNode } from "../onnx/node.ts";
import type { OutlierColumns } from "../record/recipe.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";

/** A matrix [k, n] without some of its rows, and these rows by themselves. */
export interface SplitMatrix {
  /** [k, n], 0 in the rows that are split off. */
  readonly rest: Float32Array;
  /** [columns, n] */
  readonly rows: Float32Array;
}

/** Splits the rows off a matrix [k, n] that meet the outlier columns of what it is multiplied with. */
export function splitMatrix(
  matrix: Float32Array,
  n: number,
  { columns }: OutlierColumns,
): SplitMatrix {
  const rest = matrix.slice();
  const rows = new Float32Array(columns.length * n);
  columns.forEach((k, i) => {
    rows.set(matrix.subarray(k * n, (k + 1) * n), i * n);
    rest.fill(0, k * n, (k + 1) * n);
  });
  return { rest, rows };
}

/** Writes a value with 0 in its outlier columns, once for all products that read it so. @returns Its name. */
export function withoutColumns(
  x: string,
  k: number,
  { columns }: OutlierColumns,
  builder: Builder,
): string {
  return builder.once(`without ${x} ${columns}`, () => {
    const data = new Float32Array(k).fill(1);
    for (const column of columns) data[column] = 0;
    const kept = builder.once(
      `kept columns ${k} ${columns}`,
      () => builder.constant("kept_columns", { type: "float32", dims: [k], data }),
    );
    const rest = builder.fresh(`${x}_without_outliers`);
    builder.push(makeNode("Mul", [x, kept], [rest]));
    return rest;
  });
}

/** Writes the product of the outlier columns alone, in float32. @returns Its name. */
export function productOfColumns(
  { x, y, rows, n }: { x: string; y: string; rows: Float32Array; n: number },
  { columns }: OutlierColumns,
  builder: Builder,
): string {
  const taken = builder.once(`columns ${x} ${columns}`, () => {
    const indices = builder.constant("outlier_columns", {
      type: "int64",
      dims: [columns.length],
      data: BigInt64Array.from(columns, BigInt),
    });
    const taken = builder.fresh(`${x}_outliers`);
    builder.push(makeNode("Gather", [x, indices], [taken], { axis: -1 }));
    return taken;
  });
  const matrix: Tensor = { type: "float32", dims: [columns.length, n], data: rows };
  const product = builder.fresh(`${y}_outliers`);
  builder.push(
    makeNode("MatMul", [taken, builder.constant(`${y}_outlier_rows`, matrix)], [product], {}, {
      name: builder.fresh(`${y}_outlier_product`),
    }),
  );
  return product;
}
