import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { chartOf, folded, tableOf, termsOf } from "./blocks.ts";
import { chartsOf } from "./charts.ts";
import {
  decisionCaption,
  decisionColumns,
  FRONT_CAPTION,
  frontColumns,
  frontRows,
} from "./decision_table.ts";
import {
  decimal,
  factor,
  factorRange,
  isRelative,
  megabytes,
  metricFormat,
  plural,
} from "./format.ts";
import { nodeText } from "./node_text.ts";
import { glossaryOf } from "./glossary.ts";
import { caveats, headline } from "./headline.ts";
import { markup } from "./markup.ts";
import { KIND_COLUMNS, layersIn, othersIn, planKinds, restOf } from "./plan_kinds.ts";
import type { Figure, Page, Section } from "./page.ts";
import { partColumns, planParts } from "./plan_parts.ts";
import { executesText, planColumns, planGroups, planIn, planSummary } from "./plan_table.ts";
import { reproduceStudy } from "./reproduce.ts";
import type { Column } from "./table.ts";
import { trialColumns, type TrialRow, trialRows } from "./trial_table.ts";
import { entriesOf } from "./trials.ts";
import { useSection } from "./use_it.ts";
import { timedInText } from "../record/runtime_name.ts";
import { baselineWords, subjectText } from "../record/given_record.ts";

/** The report of a study. */
export function studyPage(study: Study): Page {
  const { title, model, data } = study;
  const { winner } = entriesOf(study);
  const sections: (Section | undefined)[] = [
    useSection(study),
    ...chartsOf(study).map((chart) => {
      const { title, caption } = chart;
      return { title, caption, blocks: [chartOf(chart)] };
    }),
    trialSection(study),
    frontSection(study),
    decisionSection(study),
    winner && planSection(study, winner.trial),
    failureSection(study),
    reproduceStudy(study),
    { title: "How to read this", blocks: [termsOf(glossaryOf(study))] },
  ];
  return {
    title,
    kind: "int8 study",
    subject: `Octavo study of ${subjectText(model.name, study)} on ${data.name}, timed in ${
      timedInText(study.provenance)
    }`,
    headline: headline(study),
    ...(winner && { figures: figuresOf(study) }),
    notes: caveats(study),
    ...(study.winner && { reason: `Why this one: ${study.winner.reason}` }),
    sections: sections.filter((section) => section !== undefined),
  };
}

/** The four numbers that everybody looks for first. */
function figuresOf(study: Study): Figure[] {
  const winner = entriesOf(study).winner!;
  const words = baselineWords(study);
  const format = metricFormat(study);
  const { value, difference, split } = study.winner?.accuracy ?? winner.accuracy;
  const baseline = study.baseline[split];
  const { ratio } = winner.latency;
  const { outputs } = winner.trial;
  const closeness = outputs && {
    name: `cosine of the outputs to ${words.outputs}'s`,
    text: decimal(outputs.cosine, 5),
    more: outputs.sqnr === null
      ? "equal to the bit"
      : `SQNR ${decimal(outputs.sqnr, 1)} dB, over all values`,
  };
  const change = {
    name: `difference from ${words.outputs}`,
    text: format.difference(difference.value) + format.differenceUnit,
    more: `${format.differenceRange(difference)}, paired`,
  };
  const figures = [
    {
      name: `latency ratio to ${words.model}`,
      text: factor(ratio.value),
      more: `${factorRange(ratio)}, ${plural(ratio.n, "round")}`,
    },
    {
      name: `${study.metric.name}, ${split} split`,
      text: format.value(value.value) + format.unit,
      more: `${format.range(value)}, ${plural(value.n, "sample")}` +
        (isRelative(study) || !baseline
          ? ""
          : `; ${words.outputs} ${format.value(baseline.value)}${format.unit}`) +
        givenText(study, split),
    },
    isRelative(study) ? closeness : change,
    {
      name: "size",
      text: megabytes(winner.bytes),
      more: `${factor(winner.bytes / study.model.bytes)} of ${megabytes(study.model.bytes)}` +
        (winner.trial.download ? `; ${megabytes(winner.trial.download.brotli)} after brotli` : "") +
        (winner.trial.nodes ? `; ${nodeText(winner.trial.nodes)} nodes run` : ""),
    },
  ];
  return figures.filter((figure) => figure !== undefined);
}

/** What the given file has of the metric, where that is not what trials are against. */
function givenText(study: Study, split: "selection" | "test"): string {
  const own = study.given?.accuracy?.[split]?.value;
  if (!own) return "";
  const format = metricFormat(study);
  return `; ${baselineWords(study).model} ${format.value(own.value)}${format.unit}`;
}

function trialSection(study: Study): Section {
  return {
    title: "Trials",
    caption: "On the selection split, fastest first; [low, high] are 95 % intervals. Numbers are " +
      "those of the charts.",
    blocks: [
      tableOf(trialRows(study), trialColumns(study), {
        label: "Trials",
        row: ({ number, kind }) => markup` class="${kind}" data-trial="${number}"`,
        sortable: true,
        strong: ({ kind }) => kind === "winner",
      }),
    ],
  };
}

function frontSection(study: Study): Section | undefined {
  const rows = frontRows(study);
  if (rows.length === 0) return undefined;
  return {
    title: "Front",
    caption: FRONT_CAPTION,
    blocks: [tableOf(rows, frontColumns(study), { label: "Front" })],
  };
}

function decisionSection(study: Study): Section | undefined {
  const { search } = study;
  if (!search || search.decisions.length === 0) return undefined;
  const columns = decisionColumns(study, search.decisions);
  return {
    title: "Why each layer is what it is",
    caption: decisionCaption(search),
    blocks: [tableOf(search.decisions, columns, { label: "Decisions" })],
  };
}

function planSection(study: Study, trial: Trial): Section {
  const plan = planIn(study, trial);
  const columns = planColumns(plan);
  const caption = [
    `${trial.name}.`,
    plan.length > 0 && `${planSummary(plan)}.`,
    executesText(trial.executes),
  ].filter(Boolean).join(" ");
  const groups = planGroups(layersIn(plan)).map(({ title, summary, rows }) =>
    title === "" ? tableOf(rows, columns, { label: "Plan of the winner" }) : folded(
      { code: title, text: summary },
      tableOf(rows, columns, { label: `Plan of ${title}` }),
    )
  );
  const kinds = tableOf(planKinds(plan), KIND_COLUMNS, { label: "Layers by kind" });
  const parts = planParts(plan);
  const byPart = parts.length > 0
    ? [tableOf(parts, partColumns(parts), { label: "Parts of the transformer" })]
    : [];
  const rest = restOf(plan);
  const others = rest === undefined ? [] : [
    folded({ text: rest }, tableOf(othersIn(plan), columns, { label: "Nodes without weights" })),
  ];
  return {
    title: "Plan of the winner",
    caption,
    blocks: plan.length > 0 ? [kinds, ...byPart, ...groups, ...others] : [],
  };
}

const FAILURES: readonly Column<TrialRow>[] = [
  { head: "#", text: ({ number }) => String(number), numeric: true },
  { head: "configuration", text: ({ name }) => name, wraps: true },
  { head: "reason", text: ({ error }) => error!, wraps: true },
];

function failureSection(study: Study): Section | undefined {
  const failed = trialRows(study).filter(({ error }) => error !== undefined);
  if (failed.length === 0) return undefined;
  return {
    title: "Failed trials",
    blocks: [tableOf(failed, FAILURES, { label: "Failed trials" })],
  };
}
