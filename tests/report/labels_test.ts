import assert from "node:assert/strict";
import {
  type Box,
  crosses,
  type LabelPoint,
  overlap,
  placeLabels,
} from "../../lib/report/labels.ts";

const frame: Box = { x1: 0, y1: 0, x2: 900, y2: 420 };

/** Points of which half crowd into a corner, as int8 configurations do. */
function crowd(count: number, seed: number): LabelPoint[] {
  let state = seed;
  const random = () => (state = state * 16807 % 2147483647) / 2147483647;
  return Array.from({ length: count }, (_, i) => ({
    x: i % 2 ? 60 + random() * 160 : 20 + random() * 860,
    y: i % 2 ? 100 + random() * 160 : 20 + random() * 380,
    texts: i < 4 ? [`${i} percentile 99.99 · per-channel · CNN`, `${i}`] : [`${i}`],
    wish: `${i} percentile 99.99 · per-tensor · GRU`,
  }));
}

Deno.test("placeLabels() lets no label touch a label, a point, a leader or anything blocked", () => {
  const blocked = [{ x1: 700, y1: 200, x2: 890, y2: 216 }];
  for (let seed = 1; seed <= 25; seed++) {
    const points = crowd(30, seed);
    const labels = placeLabels(points, { frame, blocked });
    const dots = points.map(({ x, y }) => ({ x1: x - 6.5, y1: y - 6.5, x2: x + 6.5, y2: y + 6.5 }));
    for (const [i, label] of labels.entries()) {
      if (!label) continue;
      const { box, leader } = label;
      assert.ok(box.x1 >= 0 && box.x2 <= 900 && box.y1 >= 0 && box.y2 <= 420, "inside the frame");
      for (const other of [...dots, ...blocked]) {
        assert.equal(overlap(box, other), 0, `seed ${seed}`);
      }
      for (const [j, other] of labels.entries()) {
        if (!other || i === j) continue;
        assert.equal(overlap(box, other.box), 0, `seed ${seed}: ${label.text} on ${other.text}`);
        assert.ok(!(leader && crosses(leader, other.box)), `seed ${seed}`);
      }
    }
    const placed = labels.filter((label) => label !== undefined).length;
    assert.ok(placed >= 27, `seed ${seed}: only ${placed} of 30 found room`);
  }
});

Deno.test("placeLabels() writes the wish where it touches nothing, else the text", () => {
  const alone = { x: 100, y: 100, texts: ["1"], wish: "1 in full" };
  assert.equal(placeLabels([alone], { frame })[0]!.text, "1 in full");
  const wall = [{ x1: 120, y1: 0, x2: 125, y2: 420 }, { x1: 75, y1: 0, x2: 80, y2: 420 }];
  assert.equal(placeLabels([alone], { frame, avoided: wall })[0]!.text, "1");
});

Deno.test("placeLabels() takes the shorter text where the longer has no room, else none", () => {
  const point = { x: 30, y: 20, texts: ["a very long name indeed", "7"] };
  assert.equal(placeLabels([point], { frame: { x1: 0, y1: 0, x2: 90, y2: 40 } })[0]!.text, "7");
  assert.equal(placeLabels([point], { frame: { x1: 20, y1: 10, x2: 40, y2: 30 } })[0], undefined);
});

Deno.test("placeLabels() rather moves a label than cross an error bar", () => {
  const bar = { x1: 0, y1: 99, x2: 900, y2: 101 };
  const [label] = placeLabels([{ x: 100, y: 100, texts: ["12"] }], { frame, avoided: [bar] });
  assert.equal(overlap(label!.box, bar), 0);
});

Deno.test("placeLabels() gives the same answer twice", () => {
  assert.deepEqual(
    placeLabels(crowd(30, 3), { frame }),
    placeLabels(crowd(30, 3), { frame }),
  );
});

Deno.test("crosses() tells a line through a box from one beside it", () => {
  const box = { x1: 10, y1: 10, x2: 20, y2: 20 };
  assert.ok(crosses({ x1: 0, y1: 0, x2: 30, y2: 30 }, box));
  assert.ok(crosses({ x1: 15, y1: 0, x2: 15, y2: 40 }, box));
  assert.ok(!crosses({ x1: 0, y1: 0, x2: 9, y2: 9 }, box));
  assert.ok(!crosses({ x1: 0, y1: 25, x2: 30, y2: 25 }, box));
  assert.ok(!crosses({ x1: 20, y1: 0, x2: 20, y2: 40 }, box), "along an edge");
});
