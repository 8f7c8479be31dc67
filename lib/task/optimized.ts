import { commandName } from "../command_name.ts";
import { escapeHtml, JUPYTER_DISPLAY, type MimeBundle } from "../display.ts";
import type { Model } from "../onnx/model.ts";
import type { QConfigMapping } from "../quantize/mapping.ts";
import { float32 as float32QConfig } from "../quantize/qconfig.ts";
import type { Plan } from "../quantize/plan.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import { factor, factorInterval, megabytes } from "../report/format.ts";
import { layerChoicesTable, layerChoicesText, layerTitle } from "../report/layer_choices_table.ts";
import { baselineWords, type GivenRecord } from "../record/given_record.ts";
import { pageWaitText } from "../report/page_wait.ts";
import { profileShown } from "../report/profile_shown.ts";
import type { ConvProduct, WinogradForm } from "../record/recipe.ts";
import { kernelTimesNote, type KernelTimesRecord } from "../record/kernel_times_record.ts";
import type { LayerChoices } from "../record/layer_choices.ts";
import type { ProfileRecord } from "../record/profile_record.ts";
import { isFaster, isSlower } from "../record/best.ts";
import { exceededRatios, isCostlyToOpen, type LoadRatios } from "../record/load_ratios.ts";
import type { ColdStartRecord } from "../record/cold_start.ts";
import { unsettledNote } from "../record/settled.ts";
import type { Latency } from "../record/trial_record.ts";
import { timedInText } from "../record/runtime_name.ts";

/**
 * What {@linkcode Optimized} is made of.
 * @category Studies (advanced)
 */
export interface OptimizedParts extends LoadRatios {
  /** The model as given. */
  readonly given: Model;
  /** What that is, where it is int8 already; absent: float32. */
  readonly file?: GivenRecord & { readonly about: string[] };
  /** The float32 network after the exact rewrites. */
  readonly float32: Model;
  /** The same as the mapping wants it. */
  readonly built: QuantizedModel;
  /** How each node is computed in what was built. */
  readonly mapping: QConfigMapping;
  /** Convs that are matrix products in it. */
  readonly rewrites: readonly ConvProduct[];
  /** What those of its Convs that stay float32 are written as, by name. */
  readonly convs: Readonly<Record<string, WinogradForm>>;
  /** Both against the model as given, all three in turns. */
  readonly latency: { readonly float32: Latency; readonly built: Latency };
  /** What a page waits for that opens each, against the model as given; absent where not measured. */
  readonly coldStart?: { readonly float32: ColdStartRecord; readonly built: ColdStartRecord };
  /** Where the time of the model as given and of what was built goes. */
  readonly profiles: { readonly before: ProfileRecord; readonly after: ProfileRecord };
  /** What the times of the single nodes promised, ms. */
  readonly predictedMs: number;
  /** Shapes of the inputs for which the choice holds. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Measurements of nodes during which the machine changed its pace. */
  readonly drifted: number;
  /** Where the times of nodes came from. */
  readonly kernelTimes: KernelTimesRecord;
  /** All that was considered for the layers that were asked about. */
  readonly why?: readonly LayerChoices[];
}

/** One that may be the fastest. */
interface Candidate {
  readonly model: Model;
  readonly latency: Latency;
  readonly coldStart: ColdStartRecord | undefined;
}

/** Whether all of a network was to stay float32. */
function isExact({ mapping }: OptimizedParts): boolean {
  return mapping.default === float32QConfig && mapping.rules.length === 0;
}

/**
 * A network made fast, with the evidence. Shows itself in a notebook, and prints as text.
 * @category Measuring
 */
export class Optimized {
  /** The fastest of what was measured: the model as given, if nothing is faster. */
  readonly model: Model;
  /** What was built, whether it is the fastest or not. */
  readonly built: QuantizedModel;
  /** The float32 network after the exact rewrites. */
  readonly float32: Model;
  /** How each node of that network is computed in what was built. */
  readonly mapping: QConfigMapping;
  /** Convs that are matrix products. */
  readonly rewrites: readonly ConvProduct[];
  /** What those of its Convs that stay float32 are written as, by name. */
  readonly convs: Readonly<Record<string, WinogradForm>>;
  /** The fastest against the model as given. */
  readonly latency: Latency;
  /** What a page waits for that opens the fastest; absent where it was not measured. */
  readonly coldStart?: ColdStartRecord;
  /** All that was measured, what was not chosen too. */
  readonly parts: OptimizedParts;

  /** @ignore */
  constructor(parts: OptimizedParts) {
    this.parts = parts;
    this.built = parts.built;
    this.float32 = parts.float32;
    this.mapping = parts.mapping;
    this.rewrites = parts.rewrites;
    this.convs = parts.convs;
    const { latency, coldStart } = parts;
    const built = { model: parts.built, latency: latency.built, coldStart: coldStart?.built };
    // Where nothing may be int8, what was built is the float32 network.
    const all: Candidate[] = isExact(parts) ? [built] : [
      built,
      { model: parts.float32, latency: latency.float32, coldStart: coldStart?.float32 },
    ];
    const quick = all.filter((candidate) => !isCostlyToOpen(parts, candidate));
    const best = (quick.length > 0 ? quick : all)
      .reduce((a, b) => b.latency.ratio.value < a.latency.ratio.value ? b : a);
    // An interval that reaches 1 is no proof that it is faster, and the model as given is exact.
    this.model = quick.includes(best) && isFaster(best) ? best.model : parts.given;
    this.latency = best.latency;
    if (best.coldStart) this.coldStart = best.coldStart;
  }

  /** The decision for each node. */
  get plan(): Plan {
    return this.built.plan;
  }

  /**
   * All that was considered for the layers that were asked about, see `OptimizeOptions.why`;
   * empty where none were.
   */
  get why(): readonly LayerChoices[] {
    return this.parts.why ?? [];
  }

  /** What is to be known of it, in sentences; of its size when it is written only the writer knows. */
  get notes(): string[] {
    const { given, file, float32, built, latency, shapes, drifted, kernelTimes } = this.parts;
    const { operators } = baselineWords({ given: file });
    const notes: string[] = [...file?.about ?? []];
    const ratio = (of: Latency) => factorInterval(of.ratio);
    const beside = isExact(this.parts)
      ? ""
      : `, ${operators} after the rewrites ${ratio(latency.float32)}`;
    const unsettled = unsettledNote([latency.float32, latency.built]);
    if (this.model === given && unsettled !== undefined) {
      notes.push(
        `${unsettled} What was built took ${ratio(latency.built)} of the time of ${given.name}` +
          `${beside}. The model is the one that was ` +
          `given: measure again when it is quiet. \`${
            commandName("quantize")
          }\` writes a smaller file ` +
          "without looking at times.",
      );
    } else if (this.model === given) {
      const isSlow = [latency.built, latency.float32].every((one) => isSlower({ latency: one }));
      notes.push(
        `The model is the one that was given: ` +
          `${
            isFaster(this)
              ? "what is faster takes too much time to open, or memory"
              : isSlow
              ? "nothing that was built is faster"
              : "nothing is faster for certain"
          }. ` +
          `What was chosen takes ${ratio(latency.built)} of the time of ${given.name}${beside}.`,
      );
    } else if (this.model === float32 && built !== float32) {
      notes.push(
        `${operators[0]!.toUpperCase()}${operators.slice(1)} after the rewrites takes ${
          ratio(latency.float32)
        } of the time, what ` +
          `was chosen in int8 ${ratio(latency.built)}: the model is the float32 one.`,
      );
    } else {
      notes.push(
        `It takes ${ratio(latency.built)} of the time of ${given.name} as given` +
          `${
            isExact(this.parts)
              ? ""
              : `; ${operators} after the rewrites alone ${ratio(latency.float32)}`
          }.`,
      );
    }
    notes.push(...this.#creationNotes);
    if (this.model !== given) {
      const inputs = Object.entries(shapes).map(([name, dims]) => `${name} [${dims.join(", ")}]`);
      notes.push(`The choice holds for ${inputs.join(", ")}.`);
    }
    notes.push(`Timed in ${timedInText(latency.built)}.`);
    if (unsettled === undefined && (latency.built.drifted || drifted > 0)) {
      notes.push("The machine drifted while it was measured: measure again when it is quiet.");
    }
    notes.push(kernelTimesNote(kernelTimes));
    return notes;
  }

  /** What is to be said of the time to create a session, in sentences. */
  get #creationNotes(): string[] {
    const { built, coldStart, latency } = this.parts;
    const left = { latency: latency.built, coldStart: coldStart?.built };
    const notes = this.coldStart && this.model !== this.parts.given
      ? [
        pageWaitText(
          this.coldStart,
          undefined,
          baselineWords({ given: this.parts.file }).model,
        ),
      ]
      : [];
    if (this.model === built || !isFaster(left)) return notes;
    for (const { name, of, ratio, most } of exceededRatios(this.parts, left)) {
      notes.push(
        `What was chosen${isExact(this.parts) ? "" : " in int8"} is left out: it takes ${
          factorInterval(ratio)
        } of the ${of}, above ` +
          `the limit of ${factor(most)} (${name}; on the command line ${
            name === "maxHeap" ? "--max-heap" : "--max-create"
          }, none lifts it).`,
      );
    }
    return notes;
  }

  /** What was built, and the evidence, as text. */
  toString(): string {
    const { model, parts: { given } } = this;
    if (model === given) return this.notes.join("\n");
    const [bytes, before] = [model, given].map((one) => one.bytes().length) as [number, number];
    const size = `${megabytes(bytes)}, ${factor(bytes / before)} of ${megabytes(before)}.`;
    return [...this.notes, size].join("\n");
  }

  /** @ignore */
  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    const { profiles: { before, after }, latency } = this.parts;
    const beside = profileShown(before, { profile: after, ...latency.built });
    const text = this.toString();
    const paragraphs = text.split("\n").map((line) => `<p>${escapeHtml(line)}</p>`).join("");
    const shown = [this.plan[JUPYTER_DISPLAY](), await beside[JUPYTER_DISPLAY]()];
    const considered = this.why.map((layer) =>
      `<p>${escapeHtml(layerTitle(layer))}</p>${layerChoicesTable(layer).html}`
    );
    return {
      "text/html": paragraphs + shown.map((part) => part["text/html"]).join("") +
        considered.join(""),
      "text/plain": [text, this.plan, beside, ...this.why.map(layerChoicesText)].join("\n\n"),
    };
  }
}
