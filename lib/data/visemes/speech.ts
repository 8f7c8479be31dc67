import type { Conditions } from "./conditions.ts";
import type { Random } from "../../random.ts";
import { type Mouth, type Viseme, VISEMES } from "./words.ts";

/** Frames in a clip. */
export const FRAMES = 16;

const LETTERS = Object.keys(VISEMES).filter((name) => name !== "rest") as Viseme[];
const VOWELS = "aeiou";

/**
 * Speaks a word: the mouth in each frame of a clip. Every viseme pulls on the frames around its own
 * moment, more weakly with distance, so that neighbours blend (coarticulation) and a short viseme
 * may never be fully reached. Half of the time, a neighbouring word leaves a viseme at either end.
 */
export function speak(word: string, random: Random, conditions: Conditions): Mouth[] {
  const visemes = [...word] as Viseme[];
  const start = random.between(0.8, 3.0);
  const end = random.between(12.4, 15.0);
  const lengths = visemes.map((name) =>
    random.between(...conditions.length) * (VOWELS.includes(name) ? 1.15 : 1)
  );
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const blend = random.between(...conditions.blend);
  const effort = random.between(...conditions.effort);

  const targets: Target[] = [];
  let time = start;
  for (const [i, name] of visemes.entries()) {
    const length = (end - start) * lengths[i]! / total;
    const mouth = exaggerate(VISEMES[name], effort);
    targets.push({ mouth, time: time + length / 2, spread: length * blend });
    time += length;
  }
  targets.unshift(...silence(random, start, -1));
  targets.push(...silence(random, end, 1));
  return Array.from({ length: FRAMES }, (_, frame) => blendAt(targets, frame));
}

/** A viseme to be reached at a time, and how far its pull extends; in frames. */
interface Target {
  mouth: Mouth;
  time: number;
  spread: number;
}

/** What lies before (`direction` -1) or after (1) the word: rest, maybe past one stray viseme. */
function silence(random: Random, edge: number, direction: number): Target[] {
  const stray = random.chance(0.5);
  const name = LETTERS[random.bits() % LETTERS.length]!;
  const near = { mouth: VISEMES[stray ? name : "rest"], time: edge + direction * 1.6, spread: 0.8 };
  const far = { mouth: VISEMES.rest, time: edge + direction * 4, spread: 1.2 };
  return [near, far];
}

function exaggerate(mouth: Mouth, effort: number): Mouth {
  return {
    ...mouth,
    open: mouth.open * effort,
    width: mouth.width * effort,
    round: mouth.round * effort,
  };
}

function blendAt(targets: readonly Target[], time: number): Mouth {
  const mouth = { open: 0, width: 0, round: 0, teeth: 0, tongue: 0, press: 0, tuck: 0 };
  let total = 0;
  for (const target of targets) {
    const weight = bell((time - target.time) / target.spread);
    total += weight;
    mouth.open += weight * target.mouth.open;
    mouth.width += weight * target.mouth.width;
    mouth.round += weight * target.mouth.round;
    mouth.teeth += weight * target.mouth.teeth;
    mouth.tongue += weight * target.mouth.tongue;
    mouth.press += weight * target.mouth.press;
    mouth.tuck += weight * target.mouth.tuck;
  }
  mouth.open /= total;
  mouth.width /= total;
  mouth.round /= total;
  mouth.teeth /= total;
  mouth.tongue /= total;
  mouth.press /= total;
  mouth.tuck /= total;
  return mouth;
}

/**
 * exp(-z^2 / 2) to a few percent for |z| < 2.5: one over the Taylor series of exp(z^2 / 2).
 * Math.exp may differ between engines in its last bit (ECMA-262 leaves it to them); this may not.
 */
function bell(z: number): number {
  const q = z * z / 2;
  return 1 / (1 + q * (1 + q / 2 * (1 + q / 3 * (1 + q / 4))));
}
