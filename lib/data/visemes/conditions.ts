/** Least and most of a quantity that is drawn uniformly. */
export type Bounds = readonly [low: number, high: number];

/** How hard the speakers and their recordings make it to read the lips. */
export interface Conditions {
  /** Reach of a viseme's pull on its neighbours (coarticulation), in its own lengths. */
  blend: Bounds;
  /** Length of a viseme relative to the others. */
  length: Bounds;
  /** How far the shapes are carried out: 1 as in `VISEMES`, less for mumbling. */
  effort: Bounds;
  /** By how much lips are darker than the skin, grey levels. */
  darkLips: Bounds;
  /** The same for the few whose lips are lighter. */
  lightLips: Bounds;
  /** Probability of a sharp picture; of the others, {@linkcode slightBlur} are blurred only once. */
  sharp: number;
  /** Probability of one pass of blur, not two, in a picture that is not sharp. */
  slightBlur: number;
  /** Standard deviation of the sensor's noise, grey levels. */
  noise: Bounds;
  /** Probability that something passes before the mouth. */
  disc: number;
  /** Its radius, pixels. */
  discRadius: Bounds;
}

/** Clear speech before a fair camera: what the bundled network was trained on. */
export const MILD: Conditions = {
  blend: [0.38, 0.52],
  length: [0.78, 1.22],
  effort: [0.82, 1.06],
  darkLips: [14, 50],
  lightLips: [6, 22],
  sharp: 0.45,
  slightBlur: 0.65,
  noise: [1, 11],
  disc: 0.1,
  discRadius: [4, 7.5],
};

/**
 * Careless speech before a poor camera: what the network has to cope with in use, and the default.
 * Chosen such that it errs on a few clips in a hundred, so that a worse network shows.
 */
export const HARSH: Conditions = {
  blend: [0.45, 0.66],
  length: [0.7, 1.3],
  effort: [0.7, 1.05],
  darkLips: [12, 45],
  lightLips: [6, 20],
  sharp: 0.4,
  slightBlur: 0.6,
  noise: [1, 16],
  disc: 0.18,
  discRadius: [4.5, 9],
};
