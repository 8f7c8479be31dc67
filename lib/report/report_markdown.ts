import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { chartsOf } from "./charts.ts";
import {
  decisionCaption,
  decisionColumns,
  FRONT_CAPTION,
  frontColumns,
  frontRows,
} from "./decision_table.ts";
import { factsOf } from "./facts.ts";
import { glossaryOf } from "./glossary.ts";
import { caveats, headline } from "./headline.ts";
import { codeBlock, codeSpan, escapeMarkdown } from "./markdown.ts";
import { markup } from "./markup.ts";
import { executesText, planColumns, planGroups, planIn, planSummary } from "./plan_table.ts";
import { markdownTable } from "./table.ts";
import { trialColumns, trialRows } from "./trial_table.ts";
import { entriesOf } from "./trials.ts";

/**
 * The report as GitHub-flavoured Markdown, its charts as PNG files beside it in `charts/`. The same
 * study gives the same bytes.
 */
export function reportMarkdown(study: Study): string {
  const { winner } = entriesOf(study);
  const sections = [
    header(study),
    ...chartsOf(study).map(({ file, title, caption }) =>
      `## ${title}\n\n${escapeMarkdown(caption)}\n\n` +
      `![${escapeMarkdown(title)}](charts/${file}.png)\n`
    ),
    trialSection(study),
    frontSection(study),
    decisionSection(study),
    winner && planSection(study, winner.trial),
    failureSection(study),
    reproduceSection(study),
    glossarySection(study),
  ];
  return sections.filter((section) => section !== undefined).join("\n");
}

function header(study: Study): string {
  const { title, model, data, winner } = study;
  const notes = caveats(study).map((note) => `- ${escapeMarkdown(note)}\n`).join("");
  return `# ${escapeMarkdown(title)}\n\n` +
    `Octavo study of ${codeSpan(model.name)} on ${escapeMarkdown(data.name)}.\n\n` +
    `**${escapeMarkdown(headline(study))}**\n` +
    (notes && `\n${notes}`) +
    (winner ? `\nWhy this one: ${escapeMarkdown(winner.reason)}\n` : "");
}

function trialSection(study: Study): string {
  const table = markdownTable(trialRows(study), trialColumns(study), {
    strong: ({ kind }) => kind === "winner",
  });
  return "## Trials\n\nOn the selection split, fastest first; \\[low, high\\] are 95 % intervals. " +
    `Numbers are those of the charts.\n\n${table}`;
}

function frontSection(study: Study): string | undefined {
  const rows = frontRows(study);
  if (rows.length === 0) return undefined;
  return `## Front\n\n${FRONT_CAPTION}\n\n${markdownTable(rows, frontColumns(study))}`;
}

function decisionSection(study: Study): string | undefined {
  const { search } = study;
  if (!search || search.decisions.length === 0) return undefined;
  const table = markdownTable(search.decisions, decisionColumns(study, search.decisions));
  return `## Why each layer is what it is\n\n${
    escapeMarkdown(decisionCaption(search))
  }\n\n${table}`;
}

function planSection(study: Study, trial: Trial): string {
  const { name, executes } = trial;
  const plan = planIn(study, trial);
  const groups = planGroups(plan);
  const body = groups.map(({ title, summary, rows }) => {
    const table = markdownTable(rows, planColumns(plan));
    if (title === "") return table;
    // In a block of HTML, Markdown's escapes would show.
    const head = markup`<summary><code>${title}</code> ${summary}</summary>`;
    return `<details>\n${head}\n\n${table}\n</details>\n`;
  });
  const caption = [
    `${name}.`,
    plan.length > 0 && `${planSummary(plan)}.`,
    executesText(executes),
  ].filter(Boolean).join(" ");
  return `## Plan of the winner\n\n${escapeMarkdown(caption)}\n` +
    (plan.length > 0 ? `\n${body.join("\n")}` : "");
}

function failureSection(study: Study): string | undefined {
  const failed = trialRows(study).filter(({ error }) => error !== undefined);
  if (failed.length === 0) return undefined;
  const table = markdownTable(failed, [
    { head: "#", text: ({ number }) => String(number), numeric: true },
    { head: "configuration", text: ({ name }) => name },
    { head: "reason", text: ({ error }) => error! },
  ]);
  return `## Failed trials\n\n${table}`;
}

function reproduceSection(study: Study): string {
  const { provenance, winner, trials } = study;
  const chosen = trials.find(({ key }) => key === winner?.key);
  const facts = markdownTable(factsOf(study), [
    { head: "", text: ({ name }) => name },
    { head: "", text: ({ text }) => text },
  ]);
  const json = (title: string, value: unknown) =>
    `\n<details>\n<summary>${title}</summary>\n\n${
      codeBlock(JSON.stringify(value, null, 2), "json")
    }\n\n</details>\n`;
  return `## How to reproduce\n\n${codeBlock(provenance.command, "sh")}\n\n` +
    "Accuracy comes out the same to the bit on every machine. " +
    `Latency ratios belong to the machine below.\n\n${facts}` +
    json("Configuration of the study", provenance.config) +
    (chosen ? json("Configuration of the winner", chosen.recipe) : "");
}

function glossarySection(study: Study): string {
  const terms = glossaryOf(study).map(({ term, text }) =>
    `- **${escapeMarkdown(term)}**: ${escapeMarkdown(text)}\n`
  );
  return `## How to read this\n\n${terms.join("")}`;
}
