import { leftNote } from "../quantize/take_network.ts";
import { decimal, factor, factorInterval, megabytes, plural } from "../report/format.ts";
import { MAX_SQNR } from "../record/metric_info.ts";
import type { MendCandidate, Mended, MendForm } from "./mended.ts";

const FORMS: Readonly<Record<MendForm, string>> = {
  float32: "float32 operators with the file's integers as weights",
  exact: "float32 operators in their fastest forms, with the file's integers as weights",
  mixed: "integers where the file has them and they are fastest, float32 elsewhere",
  optimized: "integers wherever they are fastest, with ranges of the file and of the samples",
};

/** What is told of a file beside what came of it. */
export interface MendedFile {
  /** Its name. */
  readonly file: string;
  /** How many layers of it were int8. */
  readonly layers: number;
  /** Whether inputs were made up. */
  readonly isMadeUp: boolean;
}

/** What came of mending a file, one sentence each. */
export function mendNotes(
  mended: Omit<Mended, "notes">,
  { file, layers, isMadeUp }: MendedFile,
): string[] {
  const { form, latency, bytes, closeness, inputs, left } = mended;
  const notes = layers > 0 ? [] : [`${file} holds no int8 that is known.`];
  if (form === undefined) {
    notes.push("Nothing to mend: no form of it is faster or smaller beyond doubt.");
  } else {
    const { result, toFloat32 } = latency;
    notes.push(
      `It is now ${FORMS[form]}: ${factorInterval(result!.ratio)} of the file's time, ` +
        `${factor(toFloat32!.ratio.value)} of plain float32's.`,
      `${megabytes(bytes.result!)}, and the file ${megabytes(bytes.file)}.`,
    );
    if (closeness.file !== undefined && closeness.result !== undefined) {
      const on = plural(inputs, isMadeUp ? "made-up input" : "sample");
      notes.push(
        `Signal over noise against float32 with the same weights, on ${on}: ` +
          `${closenessText(closeness.result)}; of the file ${closenessText(closeness.file)}.`,
      );
    }
  }
  for (const one of mended.candidates) if (one.leftOut) notes.push(leftOutText(one));
  if (left.length > 0) notes.push(leftNote(left));
  return notes;
}

function closenessText(dB: number): string {
  return dB >= MAX_SQNR ? "no noise at all" : `${decimal(dB, 1)} dB`;
}

function leftOutText({ form, leftOut }: MendCandidate): string {
  return `Left out: ${FORMS[form]}, as ${leftOut}.`;
}
