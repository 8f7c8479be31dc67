import type { Splits } from "../data/split.ts";
import type { Metric } from "../evaluate/metric.ts";
import type { Model } from "../onnx/model.ts";
import type { ExactForms } from "../passes/exact_form.ts";
import type { NodeIdentity } from "../quantize/mapping.ts";
import type { Budget } from "../record/budget.ts";
import type { OnStep } from "../record/event.ts";
import type { Json } from "../record/json.ts";
import type { Recipe } from "../record/recipe.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { StudyStore } from "../study/study_store.ts";
import type { Strategy } from "../study/strategy.ts";
import type { TrialAsk } from "../study/trial_ask.ts";
import type { TrialExperiment } from "../study/trial_experiment.ts";
import type { StudyNetwork } from "./study_network.ts";

/**
 * What a strategy may know of its study before it asks.
 *
 * @example A strategy that needs to know the network
 * ```ts
 * import type { Recipe, StudyContext, StudyStrategy } from "octavo";
 * import assert from "node:assert/strict";
 *
 * // All static int8, but for one Conv after the other: given to runStudy() as it is.
 * function oneInFloat32({ nodes }: Pick<StudyContext, "nodes">): StudyStrategy {
 *   const convs = nodes.filter(({ opType }) => opType === "Conv");
 *   const recipes = convs.map(({ name }): Recipe => ({
 *     kind: "mapping",
 *     name: `all but ${name}`,
 *     base: "fused",
 *     default: { kind: "static" },
 *     rules: [[name, { kind: "float32" }]],
 *   }));
 *   const open = recipes.map((recipe) => ({ recipe }));
 *   return { planned: recipes, ask: () => open.splice(0), tell: () => {} };
 * }
 * const nodes = [{ name: "conv1", opType: "Conv", path: "front.conv1" }];
 * assert.equal(oneInFloat32({ nodes }).planned!.length, 1);
 * ```
 * @category Studies
 */
export interface StudyContext {
  /** The network as given. */
  readonly model: Model;
  /** Its samples, split three ways. */
  readonly data: Splits;
  /** What accuracy is measured by. */
  readonly metric: Metric;
  /** What a trial has to keep. */
  readonly budget: Budget;
  /** Largest accepted ratio of the time to create a session to float32's. */
  readonly maxCreate: number;
  /** Largest accepted ratio of the WASM heap to float32's. */
  readonly maxHeap: number;
  /** Nodes of the fused network, which recipes speak of. */
  readonly nodes: readonly NodeIdentity[];
  /** What runs models. */
  readonly runtimes: StudyRuntimes;
  /** Keeps what took long to find out, by name. */
  readonly store: StudyDocuments;
  /** Ends when the study is stopped, or its time is up. */
  readonly signal: AbortSignal;
  /** Seconds that it took until float32 was known. */
  readonly floatSeconds: number;
  /** Milliseconds left for trials; infinite where there is no limit. */
  readonly msLeft: () => number;
  /** Takes how far something is, for whoever watches the study. */
  readonly onStep: OnStep;
}

/**
 * The runtimes of a study.
 * @category Studies (advanced)
 */
export interface StudyRuntimes {
  /** Workers of one thread each, which share the samples. */
  readonly run: Runtime;
  /** What latency is measured in. */
  readonly time: Runtime;
}

/**
 * Keeps plain JSON by name, beside the trials of a study: a study that is continued finds it there.
 * @category Studies (advanced)
 */
export interface StudyDocuments {
  /**
   * What was put last under a name; undefined if nothing was.
   *
   * @throws {UserError} If the study's folder cannot be read.
   */
  document(name: string): Promise<Json | undefined>;
  /**
   * Puts something under a name, in the place of what was there.
   *
   * @param content Plain JSON.
   * @throws {UserError} If the study's folder cannot be written.
   */
  putDocument(name: string, content: unknown): Promise<void>;
}

/** The same for the strategies that come with Octavo, which look deeper into the study. */
export interface WorkContext extends StudyContext {
  /** What trials are made from, and held against. */
  readonly subject: StudyNetwork;
  readonly forms: ExactForms;
  readonly experiment: TrialExperiment;
  readonly store: StudyStore;
}

/** What a study says that had no time left. */
export const TIME_WAS_UP = "The time was up.";

/**
 * How a study came out.
 * @category Studies (advanced)
 */
export interface StudyEnding {
  /** The trial that was chosen, if one was. */
  readonly winner?: Trial;
  /** Keys of the trials that no other beats in latency, accuracy and size at once, fastest first. */
  readonly front: readonly string[];
  /** Why the study ended early, in a sentence; absent where the strategy asked no more. */
  readonly ended?: string;
  /** What is to be known of the study, in sentences. */
  readonly notes: readonly string[];
}

/**
 * What a strategy adds to the record of its study.
 * @category Studies (advanced)
 */
export type StrategyRecord = Pick<Study, "search" | "kernelTimes">;

/**
 * A strategy for studies, with what it has to say beside its trials.
 * @category Studies
 */
export interface StudyStrategy extends Strategy<TrialAsk, Trial> {
  /** All that it will ask for, where it knows: then the end of the work can be foreseen. */
  readonly planned?: readonly Recipe[];
  /** Points that give the same model as a planned one. */
  readonly collapsed?: Study["collapsed"];
  /** What is to be known before the work begins, in sentences. */
  readonly notes?: readonly string[];
  /** What the study's record says besides: called at the end. */
  record?(ending: StudyEnding): StrategyRecord | Promise<StrategyRecord>;
}

/**
 * A strategy, or what makes one once the study is open.
 * @category Studies (advanced)
 */
export type StrategyMaker =
  | StudyStrategy
  | ((context: StudyContext) => StudyStrategy | Promise<StudyStrategy>);
