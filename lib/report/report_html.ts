import type { PlanRow } from "../record/plan_record.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { chartsOf, type ReportChart } from "./charts.ts";
import {
  decisionCaption,
  decisionColumns,
  FRONT_CAPTION,
  frontColumns,
  frontRows,
} from "./decision_table.ts";
import { factsOf } from "./facts.ts";
import {
  decimal,
  factor,
  factorRange,
  isRelative,
  megabytes,
  metricFormat,
  plural,
} from "./format.ts";
import { glossaryOf } from "./glossary.ts";
import { caveats, headline } from "./headline.ts";
import { Markup, markup } from "./markup.ts";
import css from "./page.css" with { type: "text" };
import script from "./page.js" with { type: "text" };
import { executesText, planColumns, planGroups, planIn, planSummary } from "./plan_table.ts";
import { htmlTable } from "./table.ts";
import { trialColumns, trialRows } from "./trial_table.ts";
import { entriesOf } from "./trials.ts";

/**
 * The report as one HTML file that needs nothing else: styles, charts and script inside, readable from
 * a file path, without script, on a phone and on paper. The same study gives the same bytes.
 */
export function reportHtml(study: Study): string {
  const { winner } = entriesOf(study);
  return `${markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${study.title}: int8 study</title>
<style>
${new Markup(css)}</style>
</head>
<body>
<main>
${header(study)}
${chartsOf(study).map(chartSection)}
${trialSection(study)}
${frontSection(study)}
${decisionSection(study)}
${winner && planSection(study, winner.trial)}
${failureSection(study)}
${reproduceSection(study)}
${glossarySection(study)}
</main>
<script>
${new Markup(script.replaceAll("</script", "<\\/script"))}</script>
</body>
</html>
`}`;
}

function header(study: Study): Markup {
  const notes = caveats(study);
  return markup`<header>
<p class="kicker">Octavo study of ${study.model.name} on ${study.data.name}</p>
<h1>${study.title}</h1>
<p class="headline">${unbroken(headline(study))}</p>
${figures(study)}
${
    notes.length > 0 && markup`<ul class="caveats">
${notes.map((note) => markup`<li>${unbroken(note)}</li>\n`)}</ul>`
  }
${study.winner && markup`<p class="note">Why this one: ${study.winner.reason}</p>`}
</header>`;
}

/** Keeps numbers and their units on one line. */
function unbroken(text: string): string {
  return text.replace(/(?<=\d) (?=(%|dB|[kM]?B|points?)(?![a-z]))/g, "\u00a0")
    .replace(/(?<=\[[^\]]*,) /g, "\u00a0");
}

/** The four numbers that everybody looks for first. */
function figures(study: Study): Markup | undefined {
  const { winner } = entriesOf(study);
  if (winner === undefined) return undefined;
  const format = metricFormat(study);
  const { value, difference, split } = study.winner?.accuracy ?? winner.accuracy;
  const { ratio } = winner.latency;
  const { outputs } = winner.trial;
  const figure = (name: string, text: string, more: string) =>
    markup`<div><dt>${name}</dt><dd><div class="value">${text}</div><div class="more">${more}</div></dd></div>
`;
  return markup`<dl class="figures">
${
    figure(
      "latency ratio to float32",
      factor(ratio.value),
      `${factorRange(ratio)}, ${plural(ratio.n, "round")}`,
    )
  }${
    figure(
      `${study.metric.name}, ${split} split`,
      format.value(value.value) + format.unit,
      `${format.range(value)}, ${plural(value.n, "sample")}`,
    )
  }${
    isRelative(study)
      ? outputs && figure(
        "cosine of the outputs to float32's",
        decimal(outputs.cosine, 5),
        outputs.sqnr === null ? "equal to the bit" : `SQNR ${decimal(outputs.sqnr, 1)} dB`,
      )
      : figure(
        "difference from float32",
        format.difference(difference.value) + format.differenceUnit,
        `${format.differenceRange(difference)}, paired`,
      )
  }${
    figure(
      "size",
      megabytes(winner.bytes),
      `${factor(winner.bytes / study.model.bytes)} of ${megabytes(study.model.bytes)}`,
    )
  }</dl>`;
}

function chartSection({ title, caption, inline }: ReportChart): Markup {
  return markup`<section>
<h2>${title}</h2>
<p class="caption">${caption}</p>
<figure><div class="wide">${inline("wide")}</div><div class="narrow">${
    inline("narrow")
  }</div></figure>
</section>
`;
}

function trialSection(study: Study): Markup {
  const table = htmlTable(trialRows(study), trialColumns(study), {
    label: "Trials",
    row: ({ number, kind }) => markup` class="${kind}" data-trial="${number}"`,
    sortable: true,
  });
  return markup`<section>
<h2>Trials</h2>
<p class="caption">On the selection split, fastest first; [low, high] are 95 % intervals. Numbers are those of the charts.</p>
${table}</section>`;
}

function frontSection(study: Study): Markup | undefined {
  const rows = frontRows(study);
  if (rows.length === 0) return undefined;
  return markup`<section>
<h2>Front</h2>
<p class="caption">${FRONT_CAPTION}</p>
${htmlTable(rows, frontColumns(study), { label: "Front" })}</section>`;
}

function decisionSection(study: Study): Markup | undefined {
  const { search } = study;
  if (!search || search.decisions.length === 0) return undefined;
  const columns = decisionColumns(study, search.decisions);
  return markup`<section>
<h2>Why each layer is what it is</h2>
<p class="caption">${decisionCaption(search)}</p>
${htmlTable(search.decisions, columns, { label: "Decisions" })}</section>`;
}

function planSection(study: Study, trial: Trial): Markup {
  const { name, executes } = trial;
  const plan = planIn(study, trial);
  const table = (rows: readonly PlanRow[], label: string) =>
    htmlTable(rows, planColumns(plan), { label });
  const body = planGroups(plan).map(({ title, summary, rows }) =>
    title !== ""
      ? markup`<details>
<summary><code>${title}</code> <span>${summary}</span></summary>
${table(rows, `Plan of ${title}`)}</details>
`
      : table(rows, "Plan of the winner")
  );
  return markup`<section>
<h2>Plan of the winner</h2>
<p class="caption">${name}. ${plan.length > 0 && `${planSummary(plan)}. `}${
    executesText(executes)
  }</p>
${plan.length > 0 && body}</section>`;
}

function failureSection(study: Study): Markup | undefined {
  const failed = trialRows(study).filter(({ error }) => error !== undefined);
  if (failed.length === 0) return undefined;
  const table = htmlTable(failed, [
    { head: "#", text: ({ number }) => String(number), numeric: true },
    { head: "configuration", text: ({ name }) => name, wraps: true },
    { head: "reason", text: ({ error }) => error!, wraps: true },
  ], { label: "Failed trials" });
  return markup`<section>
<h2>Failed trials</h2>
${table}</section>`;
}

function reproduceSection(study: Study): Markup {
  const { provenance, winner, trials } = study;
  const chosen = trials.find(({ key }) => key === winner?.key);
  const facts = factsOf(study).map(({ name, text, code }) =>
    markup`<dt>${name}</dt><dd>${code ? markup`<code>${text}</code>` : text}</dd>\n`
  );
  return markup`<section>
<h2>How to reproduce</h2>
<pre>${provenance.command}</pre>
<p class="caption">Accuracy comes out the same to the bit on every machine. Latency ratios belong to the machine below.</p>
<dl class="facts">
${facts}</dl>
${json("Configuration of the study", provenance.config)}
${chosen && json("Configuration of the winner", chosen.recipe)}
</section>`;
}

function json(title: string, value: unknown): Markup {
  return markup`<details>
<summary>${title}</summary>
<pre>${JSON.stringify(value, null, 2)}</pre>
</details>`;
}

function glossarySection(study: Study): Markup {
  return markup`<section>
<h2>How to read this</h2>
<dl class="terms">
${
    glossaryOf(study).map(({ term, text }) => markup`<div><dt>${term}</dt><dd>${text}</dd></div>\n`)
  }</dl>
</section>`;
}
