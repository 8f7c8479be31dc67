import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { remakeTrial } from "../../lib/task/remake_trial.ts";
import { search as findBest } from "../../lib/task/run_search.ts";
import { drop, isWithin } from "../../lib/record/budget.ts";
import type { Study } from "../../lib/record/study_record.ts";
import type { Trial } from "../../lib/record/trial_record.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { askedNetworks, sharedFolder, sharedNetworks } from "./networks.ts";
import { pooledSqnr } from "./pooled_sqnr.ts";
import { LEAST_SQNR, REAL_DATA } from "./real_samples.ts";

/** Minutes for each network; `$OCTAVO_MINUTES` gives other ones. */
const MINUTES = 5;

/**
 * The best model of each network within the limit that its kind is held to: 0.5 points of top-1 or
 * agreement, or 30 dB of SQNR; chosen on other samples than it is reported on.
 */
export const searches: Bench = {
  name: "search",
  summary: "the fastest within 0.5 points or 30 dB of each network of the test material " +
    "($OCTAVO_NETWORKS: names; $OCTAVO_MINUTES: minutes for each)",
  async *run(signal) {
    const minutes = Number(Deno.env.get("OCTAVO_MINUTES") ?? MINUTES);
    const names = askedNetworks() ?? Object.keys(REAL_DATA);
    for (const { name, model } of await sharedNetworks(names)) {
      const real = await REAL_DATA[name]!(
        model,
        new URL("models/", sharedFolder()),
      );
      const { splits, metric, maxDrop, outputs } = real;
      const study = await findBest(model, splits, { metric, maxDrop, minutes, signal });
      const winner = study.trials.find(({ key }) => key === study.winner?.key);
      if (!winner) continue;
      await using runtime = openRuntime();
      const made = await remakeTrial(model, splits, winner);
      const pooled = metric.name === "noise"
        ? await pooledSqnr(made, model, splits.test, runtime, outputs)
        : undefined;
      yield rowOf(name, study, winner, pooled);
    }
  },
};

/** @param pooled SQNR over all values of the test samples, which the limit of 30 dB is about. */
function rowOf(name: string, study: Study, winner: Trial, pooled: number | undefined): BenchRow {
  const { accuracy = winner.accuracy! } = study.winner!;
  const { value, split } = accuracy;
  const keeps = pooled === undefined
    ? isWithin(study, drop(study.metric, accuracy.difference))
    : pooled >= LEAST_SQNR;
  const within = keeps ? "within" : "BEYOND";
  const seconds = study.trials.reduce((sum, trial) => sum + trial.seconds, 0);
  return {
    what: `${name}: ${
      pooled === undefined
        ? `${study.metric.name} ${value.value.toFixed(1)} ${study.metric.unit}`
        : `SQNR ${pooled.toFixed(1)} dB`
    } on ${value.n} ${split} samples, ${within} the limit; size ×${
      (winner.bytes! / study.model.bytes).toFixed(2)
    }; ${study.trials.length} trials in ${seconds.toFixed(0)} s (${winner.name})`,
    against: "float32 as exported",
    latency: winner.latency!,
  };
}
