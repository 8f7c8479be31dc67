import type { Metric } from "../evaluate/metric.ts";
import type { Model } from "../onnx/model.ts";
import type { Objective } from "../record/objective.ts";
import type { Study } from "../record/study_record.ts";
import type { RuntimesOptions } from "../study/runtimes.ts";
import type { Store } from "../study/store.ts";

/**
 * What every study takes: {@linkcode sweep}, {@linkcode search}, and one's own strategy.
 * @category Studies
 */
export interface StudyOptions extends RuntimesOptions {
  /** Folder of the study. @default {none: it lives in memory and no file is written} */
  out?: string;
  /** Start over in a folder that holds a study. @default {false} */
  fresh?: boolean;
  /**
   * A store of one's own for the results, which is left open.
   * @default {a SQLite file in the folder, or memory}
   */
  store?: Store;
  /** Largest accepted drop of the metric, in its unit. @default {what the metric says} */
  maxDrop?: number;
  /** Least accepted value of the metric, in its unit, in place of `maxDrop`. @default {none} */
  atLeast?: number;
  /** A metric, or its name: `"sqnr"`. @default {top-1 with labels, else what suits the outputs} */
  metric?: Metric | string;
  /** What tells two metrics of one name apart. @default {the text of its scoring function} */
  metricSource?: string;
  /**
   * The float32 network that accuracy is against, where the model given is a file that is int8 already.
   * Times and sizes are against the file. @default {the file's own outputs}
   */
  reference?: Model;
  /** What is to be least. @default {"latency"} */
  objective?: Objective;
  /** Most minutes to spend. @default {no limit} */
  minutes?: number;
  /**
   * Lengths of samples to measure latency at, in positions: tokens of a text. Each is reported, the mean of the
   * ratios is what is chosen by, and what is slower than float32 at any of them is not chosen.
   * @default {none: the first samples as they come}
   */
  atLengths?: readonly number[];
  /** Rounds in which float32 and a candidate take turns while latency is measured. @default {15} */
  rounds?: number;
  /**
   * Where the ratio is not known to 10 % after that, or the machine drifted, as many rounds again, up
   * to this many. @default {twice `rounds`}
   */
  maxRounds?: number;
  /**
   * Workers per model in which it is measured what a page waits for at its first visit: half a second
   * each. 0 leaves it out. @default {3}
   */
  coldRounds?: number;
  /**
   * Largest accepted ratio of the time to create a session to float32's. A model that takes longer beyond
   * doubt is not chosen; Infinity accepts any. @default {2}
   */
  maxCreate?: number;
  /**
   * Largest accepted ratio of the WASM heap to float32's, both with what the runtime itself takes of it,
   * some 17 MB. A model that takes more beyond doubt is not chosen; Infinity accepts any. @default {2}
   */
  maxHeap?: number;
  /** Title of the study. @default {the model's name} */
  title?: string;
  /** How to run it again, for the record. @default {the name of the function} */
  command?: string;
  /** What was asked for, for the record. @default {nothing} */
  config?: Readonly<Record<string, unknown>>;
  /** Writes a report into the folder and returns the paths of its files. @default {none} */
  report?: (study: Study, folder: string) => Promise<readonly string[]>;
  /** Ends the work early. What has been measured is kept, and the study so far is the result. */
  signal?: AbortSignal;
}
