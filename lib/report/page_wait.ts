import type { ColdStartRecord } from "../record/cold_start.ts";
import type { Download } from "../record/download.ts";
import { factorInterval, megabytes, milliseconds } from "./format.ts";

/** What a page downloads with, megabits a second: a fair mobile network, or a slow line at home. */
export const MBIT_PER_S = 20;

/** Milliseconds that bytes take to download at {@linkcode MBIT_PER_S}. */
export function downloadMs(bytes: number): number {
  return 8 * bytes / (MBIT_PER_S * 1e3);
}

/**
 * What a page waits for at its first visit, of a candidate, in a sentence.
 *
 * @param baseline What its ratios are to. @default {"float32"}
 */
export function pageWaitText(
  { create, first, steady }: ColdStartRecord,
  download: Download | undefined,
  baseline = "float32",
): string {
  const ms = ({ candidate, ratio }: ColdStartRecord["create"]) =>
    [`${milliseconds(candidate)} ms`, `(${factorInterval(ratio)} of ${baseline}'s)`] as const;
  const [[createMs, createRatio], [firstMs, firstRatio]] = [ms(create), ms(first)];
  const parts = [
    ...download
      ? [
        `${megabytes(download.brotli)} to download after brotli, ${
          milliseconds(downloadMs(download.brotli))
        } ms at ${MBIT_PER_S} Mbit/s`,
      ]
      : [],
    `${createMs} to create the session ${createRatio}`,
    `${firstMs} for the first result ${firstRatio}`,
    ...steady
      ? [`${ms(steady)[0]} of running until a run is as fast as it gets ${ms(steady)[1]}`]
      : [],
  ];
  return `On a page: ${parts.join(", ")}.`;
}

/** Rounds from which the median has an interval of 95 %. */
const ENOUGH_ROUNDS = 6;

/** What cold starts were measured with, in a sentence. */
export function coldStartNote({ rounds, clock }: ColdStartRecord): string {
  const whose = clock === "wall" ? "on the wall" : `of the ${clock}`;
  const workers = `${rounds} fresh ${rounds === 1 ? "worker" : "workers"}`;
  const few = rounds < ENOUGH_ROUNDS ? " So few give no 95 %: its intervals hold all of them." : "";
  return `Cold start: ${workers} per model, in turns, one thread, time ${whose}; the ` +
    `runtime itself had started before.${few}`;
}
