import { JUPYTER_DISPLAY, type MimeBundle } from "../display.ts";
import { ablationText, rankedLayers } from "../report/ablation_rows.ts";
import { writeAblation } from "../report/write_report.ts";
import type { AblatedLayer, AblationRecord } from "../record/ablation_record.ts";

/**
 * What int8 costs in each layer, with the evidence. Shows itself in a notebook, and prints as text.
 * @category Studies
 */
export class Ablation {
  /** Plain JSON: all that is known. */
  readonly record: AblationRecord;

  /** Shows an ablation that was stored, as `ablation.json` holds it. */
  constructor(record: AblationRecord) {
    this.record = record;
  }

  /** Layers, most sensitive first. */
  get layers(): AblatedLayer[] {
    return rankedLayers(this.record);
  }

  /** Writes `report.html`, `report.md`, `ablation.json` and charts; gives the paths. */
  save(folder: string): Promise<string[]> {
    return writeAblation(this.record, folder);
  }

  /** The table of layers as text. */
  toString(): string {
    return ablationText(this.record);
  }

  /** @ignore */
  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    const { showAblation } = await import("../report/ablation_display.ts");
    return showAblation(this.record)[JUPYTER_DISPLAY]();
  }
}
