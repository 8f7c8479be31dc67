import { search as findBest } from "../../lib/search/search.ts";
import { drop } from "../../lib/study/drop.ts";
import type { Study } from "../../lib/study/records.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { askedNetworks, sharedFolder, sharedNetworks } from "./networks.ts";
import { REAL_DATA } from "./real_samples.ts";

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
      const { splits, metric, maxDrop } = await REAL_DATA[name]!(
        model,
        new URL("models/", sharedFolder()),
      );
      const options = { metric, maxDrop, minutes, signal };
      const study = await findBest(model, splits, options).study();
      const row = rowOf(name, study);
      if (row) yield row;
    }
  },
};

function rowOf(name: string, study: Study): BenchRow | undefined {
  const winner = study.trials.find(({ key }) => key === study.winner?.key);
  if (!winner?.latency) return undefined;
  const { accuracy = winner.accuracy! } = study.winner!;
  const { value, split } = accuracy;
  const lost = drop(study.metric, accuracy.difference);
  const within = lost <= study.maxDrop ? "within" : "BEYOND";
  const seconds = study.trials.reduce((sum, trial) => sum + trial.seconds, 0);
  return {
    what: `${name}: ${study.metric.name} ${value.value.toFixed(1)} ${study.metric.unit} ` +
      `on ${value.n} ${split} samples, ${within} the limit; size ×${
        (winner.bytes! / study.model.bytes).toFixed(2)
      }; ${study.trials.length} trials in ${seconds.toFixed(0)} s (${winner.name})`,
    against: "float32 as exported",
    latency: winner.latency,
  };
}
