import type { Conditions } from "./conditions.ts";
import type { Random } from "../../random.ts";
import { FRAMES } from "./speech.ts";

/** All that stays with one clip: a face, its pose, the light and the camera. Grey levels 0 to 255. */
export interface Speaker {
  /** Half the width of the mouth at rest, pixels. */
  scale: number;
  /** Tangent of half the head's tilt. */
  tilt: number;
  /** Centre of the mouth in frame 0, pixels. */
  x: number;
  y: number;
  /** Its movement over the clip, pixels. */
  driftX: number;
  driftY: number;
  /** Nodding: the lift in the middle of the clip, pixels. */
  nod: number;
  /** Opens the mouth this much wider than others do. */
  openness: number;
  /** Thickness of the lips relative to the average. */
  fullness: number;
  /** How far the corners of the mouth hang; below 0 they smile. In half mouth widths. */
  corners: number;
  skin: number;
  /** Grey level of the lips less that of the skin. */
  lips: number;
  teeth: number;
  tongue: number;
  /** Grey level of the open mouth. */
  cavity: number;
  /** Shine on the lower lip. */
  gloss: number;
  /** Light from the side and from above: change of grey level across the frame. */
  lightX: number;
  lightY: number;
  /** Darkness of beard and moustache; 0 for none. */
  beard: number;
  /** Passes of a 3x3 binomial blur. */
  blur: number;
  /** Standard deviation of the sensor's noise. */
  noise: number;
  /** A disc that passes before the mouth (a finger, a microphone), or none. */
  disc: Disc | undefined;
}

/** Something round in front of the face from frame `from` up to, not including, `to`. Pixels. */
export interface Disc {
  from: number;
  to: number;
  x: number;
  y: number;
  radius: number;
  grey: number;
}

/** Draws a speaker, and a camera, at random. */
export function castSpeaker(random: Random, conditions: Conditions): Speaker {
  const { between, chance } = random;
  const skin = between(85, 205);
  return {
    scale: between(13, 16),
    tilt: between(-0.06, 0.06),
    x: between(19.5, 23.5),
    y: between(19, 23),
    driftX: between(-1.8, 1.8),
    driftY: between(-1.4, 1.4),
    nod: between(-1, 1),
    openness: between(0.8, 1.2),
    fullness: between(0.75, 1.25),
    corners: between(-0.08, 0.08),
    skin,
    lips: chance(0.15) ? between(...conditions.lightLips) : -between(...conditions.darkLips),
    teeth: Math.min(245, skin + between(20, 80)),
    tongue: skin * between(0.55, 0.8),
    cavity: between(10, 45),
    gloss: between(0, 30),
    lightX: between(-45, 45),
    lightY: between(-35, 25),
    beard: chance(0.33) ? between(15, 55) : 0,
    blur: chance(conditions.sharp) ? 0 : chance(conditions.slightBlur) ? 1 : 2,
    noise: between(...conditions.noise),
    disc: chance(conditions.disc) ? castDisc(random, conditions) : undefined,
  };
}

function castDisc({ between }: Random, conditions: Conditions): Disc {
  const from = Math.floor(between(0, FRAMES - 3));
  return {
    from,
    to: from + Math.floor(between(3, 8)),
    x: between(12, 32),
    y: between(16, 32),
    radius: between(...conditions.discRadius),
    grey: between(30, 210),
  };
}
