import type { Random } from "../../random.ts";
import type { Disc, Speaker } from "./speaker.ts";
import { FRAMES } from "./speech.ts";
import type { Mouth } from "./words.ts";

/** Height and width of a frame, pixels. */
export const SIDE = 44;
const AREA = SIDE * SIDE;

/**
 * Draws the frames of a clip: the face, the mouth on it, then what a camera adds (blur, noise).
 * Uses + - * / and Math.sqrt alone: IEEE 754 rounds these the same everywhere, unlike Math.exp,
 * Math.pow or Math.sin, which engines approximate each in its own way.
 *
 * @param mouths One for each frame.
 * @returns Grey levels, shape [16, 44, 44].
 */
export function render(mouths: readonly Mouth[], speaker: Speaker, random: Random): Uint8Array {
  const pixels = new Uint8Array(FRAMES * AREA);
  const face = drawFace(speaker, random);
  const frame = new Float32Array(AREA);
  const scratch = new Float32Array(AREA);
  for (const [i, mouth] of mouths.entries()) {
    frame.set(face);
    drawMouth(frame, mouth, speaker, i / (FRAMES - 1));
    const { disc } = speaker;
    if (disc && i >= disc.from && i < disc.to) drawDisc(frame, disc);
    for (let pass = 0; pass < speaker.blur; pass++) blur(frame, scratch);
    expose(frame, pixels.subarray(i * AREA, (i + 1) * AREA), speaker.noise, random);
  }
  return pixels;
}

/** Skin under its light, with stubble where there is a beard. Drawn once: it stays in place. */
function drawFace(speaker: Speaker, random: Random): Float32Array {
  const { skin, lightX, lightY, beard, scale } = speaker;
  const face = new Float32Array(AREA);
  for (let row = 0, at = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++, at++) {
      const x = (column - speaker.x) / scale;
      const y = (row - speaker.y) / scale;
      let grey = skin + lightX * (column / SIDE - 0.5) + lightY * (row / SIDE - 0.5);
      grey -= skin * 0.05 * (x * x + y * y); // cheeks and chin curve away
      if (beard > 0) {
        const around = clamp((y + 0.55) * 3) * clamp((x * x + y * y - 0.5) * 2);
        grey -= around * beard * (0.6 + 0.8 * (random.bits() / 0x100000000));
      }
      face[at] = grey;
    }
  }
  return face;
}

/**
 * Draws nose, lips, teeth, tongue and the shadow under the lip. Works in mouth coordinates: u to
 * the right and v down, in half mouth widths, origin where the lips meet.
 *
 * @param time From 0, the first frame, to 1, the last.
 */
function drawMouth(frame: Float32Array, mouth: Mouth, speaker: Speaker, time: number): void {
  const { scale, tilt, skin } = speaker;
  const centreX = speaker.x + speaker.driftX * time;
  const centreY = speaker.y + speaker.driftY * time - speaker.nod * 4 * time * (1 - time);
  // Rotation by 2 atan(tilt), in arithmetic that is exact everywhere; Math.sin is not.
  const cos = (1 - tilt * tilt) / (1 + tilt * tilt) / scale;
  const sin = 2 * tilt / (1 + tilt * tilt) / scale;
  const lips = lipsOf(mouth, speaker);
  for (let row = 0, at = 0; row < SIDE; row++) {
    const y = row - centreY;
    for (let column = 0; column < SIDE; column++, at++) {
      const x = column - centreX;
      const u = cos * x + sin * y;
      const v = cos * y - sin * x - speaker.corners * u * u;
      let grey = frame[at]!;
      if (v < -0.8) {
        const side = (u < 0 ? -u : u) - 0.3; // a nostril on either side
        const nostril = 1 - side * side * 30 - (v + 1.2) * (v + 1.2) * 60;
        if (nostril > 0) grey -= skin * 0.45 * nostril;
      }
      const reach = 1 - u * u / (lips.outer * lips.outer);
      frame[at] = reach > 0 ? mouthAt(u, v, reach, grey, lips, speaker) : grey;
    }
  }
}

/** A mouth as it is held in one frame, in half mouth widths. */
interface Lips {
  /** Half the width, and that of the opening. */
  readonly outer: number;
  readonly inner: number;
  /** From 0, a slit, to 1, an ellipse. */
  readonly round: number;
  /** Thickness of each lip in the middle. */
  readonly upperLip: number;
  readonly lowerLip: number;
  /** How far each is from where they meet. */
  readonly upperGap: number;
  readonly lowerGap: number;
  /** Grey level less that of the skin. */
  readonly tint: number;
  /** How far teeth reach down from the upper lip, and up from the lower one. */
  readonly upperTeeth: number;
  readonly lowerTeeth: number;
  /** How far the tongue reaches up from the lower lip. */
  readonly tongueTop: number;
  /** How much of teeth and tongue is seen, 0 to 1. */
  readonly teeth: number;
  readonly tongue: number;
}

function lipsOf(mouth: Mouth, speaker: Speaker): Lips {
  const { round, press, tuck, teeth, tongue } = mouth;
  const open = mouth.open * speaker.openness;
  const outer = 1 + mouth.width;
  const thinned = speaker.fullness * (1 - 0.55 * press) * (1 + 0.35 * round);
  const upperGap = 0.24 * open;
  const lowerGap = 0.66 * open * (1 - 0.35 * tuck);
  return {
    outer,
    inner: outer * 0.9,
    round,
    upperLip: 0.27 * thinned,
    lowerLip: 0.36 * thinned * (1 - 0.6 * tuck),
    upperGap,
    lowerGap,
    tint: speaker.lips * (1 - 0.25 * press),
    upperTeeth: 0.3 * teeth,
    lowerTeeth: Math.max(0, teeth - 0.55) * 0.3,
    tongueTop: (upperGap + lowerGap) * (0.2 + 0.65 * tongue),
    teeth: clamp(teeth * 3),
    tongue: clamp(tongue * 2),
  };
}

/**
 * Grey level of a point between the corners of the mouth: what was there, and over it the shadow
 * below, the lips, and what is to be seen between them. At each u the four edges of the lips are
 * heights over one profile that falls to 0 at the corners.
 *
 * @param reach 1 in the middle of the mouth, 0 at its corners.
 */
function mouthAt(
  u: number,
  v: number,
  reach: number,
  skin: number,
  lips: Lips,
  speaker: Speaker,
): number {
  const { scale } = speaker;
  const { inner, round, upperGap, lowerGap } = lips;
  const profile = reach + round * (Math.sqrt(reach) - reach);
  const innerReach = Math.max(0, 1 - u * u / (inner * inner));
  const gap = innerReach + round * (Math.sqrt(innerReach) - innerReach);
  const bow = Math.max(0, 1 - u * u * 16) * 0.25; // Cupid's bow
  const top = -upperGap * gap - lips.upperLip * profile * (1 - bow);
  const bottom = lowerGap * gap + lips.lowerLip * profile;

  let grey = skin;
  const crease = 1 - (v - bottom - 0.16) * (v - bottom - 0.16) * 40;
  if (crease > 0) grey -= speaker.skin * 0.16 * crease * reach;

  const onLips = clamp((v - top) * scale + 0.5) * clamp((bottom - v) * scale + 0.5);
  if (onLips > 0) {
    const below = v - lowerGap * gap - lips.lowerLip * profile * 0.4;
    const shine = Math.max(0, 1 - below * below * 60) * reach * (1 + 0.5 * round);
    const shade = v < 0 ? -0.06 * speaker.skin : 0; // the upper lip faces down, away from the light
    grey += onLips * (lips.tint + shade + speaker.gloss * shine);
  }

  const over = v + upperGap * gap; // depth below the upper lip's edge
  const under = lowerGap * gap - v; // height above the lower lip's edge
  const inside = clamp(over * scale + 0.5) * clamp(under * scale + 0.5);
  if (inside > 0) {
    const hasTongue = u * u < 0.36 * lips.outer * lips.outer;
    grey += (insideAt(over, under, innerReach, hasTongue, lips, speaker) - grey) * inside;
  }
  // Where the lips touch they leave a dark line.
  const seam = 1 - v * v * scale * scale / 2;
  if (seam > 0) grey -= grey * 0.4 * seam * clamp(1 - (upperGap + lowerGap) * gap * scale / 2);
  return grey;
}

/** Grey level of the open mouth: the cavity, the tongue in it, teeth before both. */
function insideAt(
  over: number,
  under: number,
  innerReach: number,
  hasTongue: boolean,
  lips: Lips,
  { scale, cavity, tongue, teeth }: Speaker,
): number {
  let grey = cavity;
  if (hasTongue) {
    grey += (tongue - grey) * clamp((lips.tongueTop - under) * scale * 0.7 + 0.5) * lips.tongue;
  }
  const bite = clamp((lips.upperTeeth - over) * scale + 0.5) +
    clamp((lips.lowerTeeth - under) * scale + 0.5);
  const white = clamp(bite) * lips.teeth * clamp(innerReach * 3);
  return grey + (teeth - grey) * white;
}

function drawDisc(frame: Float32Array, disc: Disc): void {
  for (let row = 0, at = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++, at++) {
      const x = column - disc.x;
      const y = row - disc.y;
      const cover = clamp(disc.radius - Math.sqrt(x * x + y * y) + 0.5);
      frame[at]! += (disc.grey - frame[at]!) * cover;
    }
  }
}

/** One pass of the kernel [1 2 1] / 4 along rows and columns; the border repeats. */
function blur(frame: Float32Array, scratch: Float32Array): void {
  blurAlong(frame, scratch, 1, SIDE);
  blurAlong(scratch, frame, SIDE, 1);
}

/** Blurs each line of pixels that lie `step` apart; lines start `next` apart. */
function blurAlong(from: Float32Array, to: Float32Array, step: number, next: number): void {
  for (let line = 0; line < SIDE; line++) {
    let at = line * next;
    let before = from[at]!;
    let here = before;
    for (let i = 0; i < SIDE; i++, at += step) {
      const after = i + 1 < SIDE ? from[at + step]! : here;
      to[at] = (before + 2 * here + after) / 4;
      before = here;
      here = after;
    }
  }
}

/** Adds noise and rounds to bytes. */
function expose(frame: Float32Array, to: Uint8Array, noise: number, random: Random): void {
  // The sum of four bytes is nearly normal: mean 510, variance 4 * (256^2 - 1) / 12.
  const gain = noise / Math.sqrt((256 * 256 - 1) / 3);
  for (let i = 0; i < AREA; i++) {
    const bits = random.bits();
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    const grey = frame[i]! + (sum - 510) * gain;
    to[i] = grey < 0 ? 0 : grey > 255 ? 255 : Math.floor(grey + 0.5);
  }
}

/** Limits to [0, 1]. */
function clamp(x: number): number {
  return x < 0 ? 0 : x > 1 ? 1 : x;
}
