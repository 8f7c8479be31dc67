import { textWidth } from "./text_width.ts";

/** A rectangle in pixels, y downwards. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** A point to be labelled. */
export interface LabelPoint {
  readonly x: number;
  readonly y: number;
  /** Radius kept free about it, px. @default {the options' radius} */
  readonly radius?: number;
  /** What to write: the first that finds room is taken. */
  readonly texts: readonly string[];
  /** Set in semibold. @default {false} */
  readonly strong?: boolean;
  /** What to write instead, where it touches nothing at all once everything else has its place. */
  readonly wish?: string;
}

/** A straight line between two points. */
export interface Line {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Where a label stands. */
export interface PlacedLabel {
  readonly text: string;
  /** Anchor of the text, at the middle of its height. */
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "middle" | "end";
  readonly box: Box;
  /** Line back to the point, where the label had to move away from it. */
  readonly leader?: Line;
}

/** Options for {@linkcode placeLabels}. */
export interface PlaceLabelsOptions {
  /** No label leaves it. */
  frame: Box;
  /** Font size, px. @default {12} */
  size?: number;
  /** Radius kept free about a point, px. @default {6.5} */
  radius?: number;
  /** What no label may touch, besides points and other labels. @default {[]} */
  blocked?: readonly Box[];
  /** What a label rather not crosses: error bars, guide lines. @default {[]} */
  avoided?: readonly Box[];
}

/** Angles about a point in order of liking: beside it first, straight above and below last. */
const ANGLES = [0, 180, -35, -145, 35, 145, -65, -115, 65, 115, -90, 90]
  .map((degrees) => degrees * Math.PI / 180);

/** Gaps between a point and its label, px. */
const GAPS = [3, 7, 14, 24, 36, 50, 66, 84, 104, 126];

/** Room between two labels side by side, so that "7" and "11" do not read as 711, px. */
const APART = 3;

/** From this gap on, a leader line tells which point is meant. */
const LEADER_GAP = 14;

/**
 * Places labels beside their points such that no label touches another one, a point, a leader line or
 * anything blocked. Greedy, in the order given: put what matters first. A point whose texts find no
 * room stays without a label.
 *
 * @returns One entry for each point, `undefined` where there was no room.
 */
export function placeLabels(
  points: readonly LabelPoint[],
  options: PlaceLabelsOptions,
): (PlacedLabel | undefined)[] {
  const { frame, size = 12, radius = 6.5, blocked = [], avoided = [] } = options;
  const dots = points.map(({ x, y, radius: r = radius }): Box => ({
    x1: x - r,
    y1: y - r,
    x2: x + r,
    y2: y + r,
  }));
  const labels: (PlacedLabel | undefined)[] = points.map(() => undefined);

  /** Whether a label for one point keeps clear of everything that is there already. */
  const fits = ({ box, leader }: PlacedLabel, own: number): boolean => {
    if (box.x1 < frame.x1 || box.x2 > frame.x2 || box.y1 < frame.y1 || box.y2 > frame.y2) {
      return false;
    }
    const others = labels.filter((label, i) => label !== undefined && i !== own);
    if ([...blocked, ...dots].some((other) => overlap(box, other) > 0)) return false;
    if (others.some((other) => overlap(box, other!.box) > 0)) return false;
    if (others.some((other) => other!.leader && crosses(other!.leader, box))) return false;
    return leader === undefined ||
      ![...blocked, ...dots.toSpliced(own, 1)].some((other) => crosses(leader, other)) &&
        !others.some((other) => crosses(leader, other!.box));
  };
  const crossed = (box: Box) => avoided.reduce((sum, other) => sum + overlap(box, other), 0) / size;

  for (const [i, point] of points.entries()) {
    for (const text of point.texts) {
      let lowest = Infinity;
      for (const gap of GAPS) {
        for (const [rank, angle] of ANGLES.entries()) {
          const label = labelAt(point, text, { angle, gap, size, radius: point.radius ?? radius });
          const cost = 0.5 * gap + 0.4 * rank + crossed(label.box);
          if (cost < lowest && fits(label, i)) [labels[i], lowest] = [label, cost];
        }
      }
      if (labels[i] !== undefined) break;
    }
  }

  for (const [i, { wish, strong }] of points.entries()) {
    const label = labels[i];
    if (wish === undefined || label === undefined || label.anchor === "middle") continue;
    if (label.leader !== undefined) continue;
    const more = textWidth(wish, size, strong) - textWidth(label.text, size, strong);
    const { x1, x2 } = label.box;
    const ends = label.anchor === "start" ? { x1, x2: x2 + more } : { x1: x1 - more, x2 };
    const longer = { ...label, text: wish, box: { ...label.box, ...ends } };
    if (fits(longer, i) && crossed(longer.box) === 0) labels[i] = longer;
  }
  return labels;
}

function labelAt(
  point: LabelPoint,
  text: string,
  { angle, gap, size, radius }: { angle: number; gap: number; size: number; radius: number },
): PlacedLabel {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [width, height] = [textWidth(text, size, point.strong), size * 1.1];
  // The side or corner that looks at the point touches the circle of radius + gap.
  const x = point.x + (radius + gap) * cos;
  const slant = Math.min(1, Math.max(-1, 1.6 * sin));
  const y = point.y + (radius + gap) * sin + slant * height / 2;
  const anchor = cos > 0.3 ? "start" : cos < -0.3 ? "end" : "middle";
  const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
  const box = {
    x1: left - APART,
    y1: y - height / 2,
    x2: left + width + APART,
    y2: y + height / 2,
  };
  if (gap < LEADER_GAP) return { text, x, y, anchor, box };
  const near = {
    x: Math.min(Math.max(point.x, box.x1), box.x2),
    y: Math.min(Math.max(point.y, box.y1), box.y2),
  };
  const length = Math.hypot(near.x - point.x, near.y - point.y);
  const leader = {
    x1: point.x + (near.x - point.x) / length * (radius - 1),
    y1: point.y + (near.y - point.y) / length * (radius - 1),
    x2: near.x,
    y2: near.y,
  };
  return { text, x, y, anchor, box, leader };
}

/** Area that two boxes share, px². */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  return width > 0 && height > 0 ? width * height : 0;
}

/**
 * Whether a line passes through the inside of a box.
 * @see Liang and Barsky 1984, "A new concept and method for line clipping"
 */
export function crosses(line: Line, box: Box): boolean {
  const [dx, dy] = [line.x2 - line.x1, line.y2 - line.y1];
  const sides: readonly [number, number][] = [
    [-dx, line.x1 - box.x1],
    [dx, box.x2 - line.x1],
    [-dy, line.y1 - box.y1],
    [dy, box.y2 - line.y1],
  ];
  let [enter, leave] = [0, 1];
  for (const [step, room] of sides) {
    if (step === 0) {
      if (room <= 0) return false;
    } else if (step < 0) enter = Math.max(enter, room / step);
    else leave = Math.min(leave, room / step);
  }
  return enter < leave;
}
