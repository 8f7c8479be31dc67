import type { ElementType } from "../tensor/tensor.ts";
import { isFloat } from "./classes.ts";
import type { Metric } from "./metric.ts";
import { agreement } from "./metrics/agreement.ts";
import { aligned } from "./metrics/aligned.ts";
import { cosine } from "./metrics/cosine.ts";
import { boxOutput, detectionF1 } from "./metrics/detection_f1.ts";
import { embeddingCosine } from "./metrics/embedding_cosine.ts";
import { iou } from "./metrics/iou.ts";
import { sqnr } from "./metrics/sqnr.ts";
import { top1 } from "./metrics/top1.ts";
import type { OutputFacts } from "./output_facts.ts";

/** A metric, and whether something spoke for it. */
export interface MetricChoice {
  readonly metric: Metric;
  /** Nothing spoke for any metric. */
  readonly isDoubtful: boolean;
}

/** Names of outputs that hold classes. */
const CLASS_NAME = /logit|log_?prob|softmax|prob(s|abilit|$)|class|label|cls|(^|_)tags?$|categor/i;

/** Names that may be of scores of classes, and may be of other scores. */
const SCORE_NAME = /score|pred/i;

/** Names of outputs that hold something else, whatever else they are called. */
const OTHER_NAME =
  /embed|feat|hidden|latent|vector|repr|descript|quality|(^|_)mos|box|coord|landmark|keypoint|kps|pose|depth|flow|wave|audio|signal|recon|regress|offset|anchor|noise|density|spec/i;

/** Classes of well-known data sets: ImageNet's, with and without a background, and all of it. */
const KNOWN_COUNTS: ReadonlySet<number> = new Set([1000, 1001, 21841, 21843]);

/** Fewest scores that a name such as "scores" is believed for: three may be three qualities. */
const FEWEST_SCORES = 4;

/**
 * The metric for a network by what it puts out, with the reason in `why`.
 *
 * With labels it is top-1, if an output of one row, or of a row for each position, can hold them. Without, it is agreement where something
 * says that an output holds classes: a Softmax at its end, rows that are probabilities, its name, the number
 * of them. Boxes that TopK or NonMaxSuppression chose are matched; what else has a length that depends on the
 * data is aligned. An embedding (rows of length 1, a LayerNormalization at the end) gets the cosine, pooled over
 * its tokens if it has any, a map of
 * classes IoU. All that is in doubt gets SQNR: an argmax over what is no class is a number without a meaning.
 *
 * @param labels Number of classes that the labels take at least; undefined without labels.
 * @param ofTokens There is a label for each position, not one for a sample.
 */
export function defaultMetric(
  outputs: readonly OutputFacts[],
  labels?: number,
  ofTokens = false,
): MetricChoice {
  const sure = (metric: Metric, why: string): MetricChoice => ({
    metric: { ...metric, why: `Chosen because ${why}.` },
    isDoubtful: false,
  });
  if (labels !== undefined) {
    const best = labelledOutput(outputs, labels, ofTokens);
    if (best) {
      const { name } = best;
      return sure(
        top1({ output: name }),
        `there are labels, and ${shown(best)} can hold their class`,
      );
    }
  }
  const results = outputs.filter(({ isState }) => !isState);
  const floats = results.filter(({ type }) => isFloat(type));
  const boxes = boxesOf(results);
  const ranked = results.find(({ isRanked }) => isRanked);
  if (boxes && (ranked || boxes.lengthVaries)) {
    const how = boxes.lengthVaries
      ? "their number depends on the data"
      : "TopK chooses them inside";
    return sure(detectionF1(), `${shown(boxes)} holds boxes, and ${how}`);
  }
  const varying = results.find(({ lengthVaries }) => lengthVaries);
  if (varying) return sure(aligned(), `the length of ${shown(varying)} depends on the data`);
  const classes = boxes ? undefined : classOutput(floats);
  if (classes) {
    const { output, reason } = classes;
    const { name, axis } = output;
    const options = { output: name, ...(axis !== undefined && axis !== -1 && { axis }) };
    return sure(agreement(options), `${shown(output)} holds classes: ${reason}`);
  }
  const map = floats.length === 1 && floats[0]!.dims?.length === 4 && floats[0]!.axis === -3;
  if (map) {
    const [output] = floats;
    return sure(
      iou({ output: output!.name }),
      `${shown(output!)} is a map of classes, by its Softmax`,
    );
  }
  const embedding = floats.length > 0 && floats.every((output) => whyEmbedding(output)) &&
    floats[0];
  if (embedding) {
    const metric = embedding.dims?.length === 3
      ? embeddingCosine({ output: embedding.name })
      : cosine();
    return sure(metric, `${shown(embedding)} is an embedding: ${whyEmbedding(embedding)}`);
  }
  const integer = results.find(({ type }) => /int/.test(type));
  if (floats.length === 0 && integer) {
    return sure(agreement({ output: integer.name }), `${shown(integer)} is the class itself`);
  }
  const why = ranked
    ? `TopK chooses what is in ${shown(ranked)}, so that one other choice moves all behind it`
    : doubt(floats);
  return { metric: { ...sqnr(), why: `Chosen because ${why}.` }, isDoubtful: true };
}

/** The output that labels are compared with: of one row or of a row for each, with room for all of them. */
function labelledOutput(
  outputs: readonly OutputFacts[],
  labels: number,
  ofTokens: boolean,
): OutputFacts | undefined {
  const floats = rowsOfScores(outputs, ofTokens).filter((output) =>
    (classCount(output) ?? Infinity) >= labels
  );
  return floats.find((output) => whyClasses(output)) ?? floats[0] ?? outputs.find(isClassItself);
}

/**
 * The most classes that labels can be of, by the outputs that they may be meant for; undefined where the
 * outputs do not say.
 */
export function mostClasses(
  outputs: readonly OutputFacts[],
  ofTokens = false,
): number | undefined {
  const counts = rowsOfScores(outputs, ofTokens).map(classCount);
  if (outputs.some(isClassItself) || counts.length === 0) return undefined;
  return counts.reduce((a, b) => a === undefined || b === undefined ? undefined : Math.max(a, b));
}

/** Outputs that hold a row of scores, or one for each position, as far as their shape and their name say. */
function rowsOfScores(outputs: readonly OutputFacts[], ofTokens: boolean): OutputFacts[] {
  return outputs.filter((output) =>
    isFloat(output.type) && !output.isState && !whyEmbedding(output) &&
    !OTHER_NAME.test(output.name) &&
    (ofTokens ? output.dims?.length === 3 : isOneRow(output)) && (classCount(output) ?? 2) >= 2
  );
}

function isClassItself({ type, dims }: OutputFacts): boolean {
  return /int/.test(type) && (dims ?? []).slice(1).every((dim) => dim === 1);
}

/** The output of classes, if all others are classes too, or their number. */
function classOutput(
  floats: readonly OutputFacts[],
): { readonly output: OutputFacts; readonly reason: string } | undefined {
  const found = floats.flatMap((output) => {
    const reason = whyClasses(output);
    return reason === undefined ? [] : [{ output, reason }];
  });
  return found.length === floats.length ? found[0] : undefined;
}

/** What says that an output holds classes; undefined where nothing does, or something says otherwise. */
function whyClasses(output: OutputFacts): string | undefined {
  const { name, end, axis, rows, dims } = output;
  const count = classCount(output);
  if (count === undefined || count < 2) return undefined;
  if (/Softmax$/.test(end) && (axis === undefined || axis === -1 || dims?.length === 3)) {
    return `it ends in ${end}`;
  }
  if (rows === "probabilities" || rows === "log-probabilities") return `its rows are ${rows}`;
  if (OTHER_NAME.test(name) || whyEmbedding(output) || /^(Sigmoid|Tanh|Relu)$/.test(end)) {
    return undefined;
  }
  if (CLASS_NAME.test(name)) return "its name says so";
  if (SCORE_NAME.test(name) && count >= FEWEST_SCORES) return "its name says so";
  if (KNOWN_COUNTS.has(count) && dims?.length === 2) return `there are ${count}, as in ImageNet`;
  return undefined;
}

/** What says that an output is an embedding. */
function whyEmbedding({ name, end, rows, dims }: OutputFacts): string | undefined {
  if (rows === "unit vectors") return "its rows are of length 1";
  if (end === "L2") return "it ends in a division by its length";
  if (/LayerNormalization$/.test(end)) return "it ends in LayerNormalization";
  return /embed/i.test(name) && (dims?.length ?? 2) <= 3 ? "its name says so" : undefined;
}

/** Number of classes, where the shape can hold any: [N, C], [N, positions, C], [N, C, 1, 1]. */
function classCount({ dims, axis }: OutputFacts): number | undefined {
  if (!dims) return undefined;
  const image = dims.length === 4 && dims[2] === 1 && dims[3] === 1;
  if (dims.length !== 2 && dims.length !== 3 && !image) return undefined;
  const count = image ? dims[1] : dims.at(axis ?? -1);
  return typeof count === "number" ? count : undefined;
}

/** Whether there is one row of scores in each sample, as far as the shape says. */
function isOneRow({ dims }: OutputFacts): boolean {
  if (!dims) return true;
  const image = dims.length === 4 && dims[2] === 1 && dims[3] === 1;
  return dims.length <= 2 || image || dims.length === 3 && dims[1] === 1;
}

/** The output of boxes: by its name, or as its rows of four were chosen. Four classes are no box. */
function boxesOf(outputs: readonly OutputFacts[]): OutputFacts | undefined {
  const byName = Object.fromEntries(outputs.map((output) => [output.name, {
    type: output.type as ElementType,
    dims: output.dims ?? [],
  }]));
  const found = boxOutput(byName);
  return outputs.find(({ name, lengthVaries, isRanked }) =>
    name === found?.name && (/box|det/i.test(name) || lengthVaries || isRanked)
  );
}

/** Why the values themselves are compared. */
function doubt(floats: readonly OutputFacts[]): string {
  const could = floats.find((output) =>
    (classCount(output) ?? 0) >= 2 && !OTHER_NAME.test(output.name)
  );
  if (!could) return "its outputs are values, not classes";
  return `nothing shows that ${shown(could)} holds classes (if it does: --metric agreement)`;
}

/** `output "y" [1, 10]` */
function shown({ name, dims }: OutputFacts): string {
  return `output "${name}"` + (dims ? ` [${dims.map((dim) => dim ?? "?").join(", ")}]` : "");
}
