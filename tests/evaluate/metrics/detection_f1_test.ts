import assert from "node:assert/strict";
import { detectionF1 } from "../../../lib/evaluate/metrics/detection_f1.ts";
import { float32, type Tensor } from "../../../lib/tensor/tensor.ts";
import { type Outputs, score } from "../scored.ts";

const boxes = (...values: number[]): Outputs => ({
  boxes: float32([values.length / 4, 4], values),
});
const A = [0, 0, 2, 2];
const B = [10, 10, 14, 14];
const C = [20, 0, 22, 8];

Deno.test("detectionF1() matches boxes in any order, and counts the lost and the invented", () => {
  const metric = detectionF1();
  assert.equal(score(metric, boxes(...B, ...A), boxes(...A, ...B)), 100);
  assert.equal(score(metric, boxes(...A), boxes(...A, ...B)), 100 * (2 / 3));
  assert.equal(score(metric, boxes(...A, ...B, ...C), boxes(...A, ...B)), 100 * 4 / 5);
  assert.equal(score(metric, boxes(...C), boxes(...A)), 0);
});

Deno.test("detectionF1() takes half an overlap for the same box, and each box once", () => {
  const half = [0, 0, 2, 1]; // 2 of 4
  const less = [0, 0, 2, 0.9];
  assert.equal(score(detectionF1(), boxes(...half), boxes(...A)), 100);
  assert.equal(score(detectionF1(), boxes(...less), boxes(...A)), 0);
  assert.equal(score(detectionF1(), boxes(...A, ...A), boxes(...A)), 100 * (2 / 3));
});

Deno.test("detectionF1() reads centres and sizes, and the class from rows of scores or integers", () => {
  const centred = { ...boxes(5, 5, 2, 2), logits: float32([1, 2], [0, 1]) };
  const moved = { ...boxes(5.1, 5, 2, 2), logits: float32([1, 2], [0, 1]) };
  assert.equal(score(detectionF1(), moved, centred), 100);
  const other = { ...boxes(5, 5, 2, 2), logits: float32([1, 2], [1, 0]) };
  assert.equal(score(detectionF1(), other, centred), 0);
  const labelled = (id: number): Outputs => {
    const labels: Tensor<"int32"> = { type: "int32", dims: [1], data: Int32Array.of(id) };
    return { ...boxes(...A), labels };
  };
  assert.equal(score(detectionF1(), labelled(3), labelled(3)), 100);
  assert.equal(score(detectionF1(), labelled(3), labelled(4)), 0);
});

Deno.test("detectionF1() reads boxes, score and class from one output, as YOLO's end-to-end exports give", () => {
  const six = (...rows: number[][]) => ({ output0: float32([1, rows.length, 6], rows.flat()) });
  const empty = [0, 0, 0, 0, 0, 0]; // fills the list up
  assert.equal(score(detectionF1(), six([...A, 0.9, 1], empty), six([...A, 0.8, 1], empty)), 100);
  assert.equal(score(detectionF1(), six([...A, 0.9, 2]), six([...A, 0.8, 1])), 0);
});

Deno.test("detectionF1() of no box in both is nothing, neither right nor wrong", () => {
  const none = boxes();
  assert.equal(detectionF1().score({ outputs: none, reference: none, index: 0 }), undefined);
  assert.equal(score(detectionF1(), boxes(...A), none), 0);
  assert.throws(
    () => score(detectionF1(), { y: float32([1, 3], [1, 2, 3]) }),
    /no output holds boxes/,
  );
});
