import type { Estimate } from "../record/metric_info.ts";
import type { ProfileRecord } from "../record/profile_record.ts";
import { unsettledNote } from "../record/settled.ts";
import type { MachineLoad } from "../record/trial_record.ts";
import { factor, factorInterval } from "./format.ts";
import { type ComparedLayer, compareLayers, longestLayers } from "./profile_layers.ts";
import {
  comparisonColumns,
  longestNodes,
  profileColumns,
  profileHeadline,
} from "./profile_table.ts";
import { textTable } from "./table.ts";

/** A second model, to stand beside the first. */
export interface ProfileBeside {
  readonly profile: ProfileRecord;
  /** Its time over the first's, measured in turns; without, the single measurements are compared. */
  readonly ratio?: Estimate;
  /** What else the machine had to do meanwhile. */
  readonly load?: MachineLoad;
}

/** Rows that a table of two models shows. */
const ROWS = 60;

/** Where the time of a model goes, or of two beside each other, as text. */
export function profileText(profile: ProfileRecord, beside?: ProfileBeside): string {
  const rows = beside
    ? textTable(comparedRows(profile, beside), comparisonColumns)
    : textTable(longestNodes(profile), profileColumns);
  return `${profileLines(profile, beside).join("\n")}\n\n${rows}`;
}

/** The layers of two models that a table shows: the longest, and what the others take together. */
export function comparedRows(
  profile: ProfileRecord,
  beside: ProfileBeside,
): readonly ComparedLayer[] {
  const { shown, rest } = longestLayers(compareLayers(profile, beside.profile), ROWS);
  return rest ? [...shown, rest] : shown;
}

/** What stands above the table, in sentences. */
export function profileLines(
  profile: ProfileRecord,
  beside: ProfileBeside | undefined,
): string[] {
  if (!beside) return profileHeadline(profile);
  const ratio = beside.ratio
    ? `${factorInterval(beside.ratio)} of the time, measured in turns`
    : `${factor(beside.profile.wholeMs / profile.wholeMs)} of the time`;
  const note = beside.ratio && unsettledNote([{ ratio: beside.ratio, load: beside.load }]);
  return [
    ...profileHeadline(profile),
    ...profileHeadline(beside.profile),
    `Against each other: ${beside.profile.model.name} takes ${ratio}.`,
    ...note ? [note] : [],
  ];
}
