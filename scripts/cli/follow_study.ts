import type { Study } from "../../lib/record/study_record.ts";
import { caveats, headline } from "../../lib/report/headline.ts";
import { layerChoicesText } from "../../lib/report/layer_choices_table.ts";
import { trialTableText } from "../../lib/report/trial_table.ts";
import type { RunningStudy } from "../../lib/task/run_study.ts";
import { SEARCH_WHY_NOTE } from "./why_option.ts";
import { winnerInFolder } from "./into_folder.ts";
import type { ModelFolder } from "./model_folder.ts";
import type { Shell } from "./shell.ts";
import { showStudy } from "./study_progress.ts";
import { tellMetric } from "./tell_metric.ts";
import { timedInText } from "../../lib/record/runtime_name.ts";

/**
 * Shows how a study goes, and prints what came of it.
 *
 * @param folder Where it is kept.
 * @param options.why Layers of which all that was considered is told. @default {none}
 * @param json Whether its record is to be printed, as JSON.
 * @param options.model The folder of its model, which the winner is put into. @default {none}
 */
export async function followStudy(
  running: RunningStudy,
  folder: string,
  { print, progress }: Pick<Shell, "print" | "progress">,
  json: boolean,
  { why = [], model }: { readonly why?: readonly string[]; readonly model?: ModelFolder } = {},
): Promise<void> {
  const show = showStudy(
    progress,
    folder,
    (metric) => tellMetric(metric, { print, progress }, json),
  );
  const said = new Set<string>();
  for await (const event of running) {
    if (event.kind === "begin") event.notes.forEach((note) => said.add(note));
    await show(event);
  }
  const study = await running;
  const place = model && await winnerInFolder(model, study, folder);
  progress.close();
  await print(json ? JSON.stringify(study, null, 2) : describe(study, folder, said));
  if (json) return;
  if (place !== undefined) await print(place);
  if (why.length === 0) return;
  await print(`\n${whyText(study, why)}`);
}

/** All that was considered for some layers of the winner. */
function whyText({ search }: Study, layers: readonly string[]): string {
  const rows = search?.decisions ?? [];
  if (rows.length === 0) {
    return "Nothing can be told of the layers that --why asks for: no model was chosen whose forms had been " +
      "weighed against each other; more time (--minutes) lets the search come to them.";
  }
  const told = layers.map((layer) => {
    const found = rows.filter(({ node, path }) => node === layer || path === layer);
    return found.length > 0
      ? found.map(({ opType, forms = [], ...row }) =>
        layerChoicesText({ ...row, opTypes: [opType], forms })
      ).join("\n\n")
      : `"${layer}" is part of another layer's kernel, or only moves values; layers are ` +
        `${rows.map(({ node }) => node).join(", ")}.`;
  });
  return [...told, SEARCH_WHY_NOTE].join("\n\n");
}

/** @param said What was said before the work began. */
function describe(study: Study, folder: string, said: ReadonlySet<string>): string {
  const { planned = 0, trials, winner, search } = study;
  const file = trials.find(({ key }) => key === winner?.key)?.file;
  return [
    headline(study),
    ...caveats(study).filter((note) => !said.has(note)),
    "",
    trialTableText(study),
    ...(search ? [search.ended] : []),
    `Timed in ${timedInText(study.provenance)}.`,
    `Report: ${folder}/report.html`,
    ...(file ? [`Model:  ${folder}/${file}`] : []),
    ...(trials.length < planned ? ["The same command continues where it was stopped."] : []),
  ].join("\n");
}
