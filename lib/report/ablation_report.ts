import type { AblationRecord } from "../record/ablation_record.ts";
import { allButChart, onlyChart } from "./ablation_chart.ts";
import {
  ablationHeadline,
  layerColumns,
  pairColumns,
  rankedLayers,
  tensorColumns,
} from "./ablation_rows.ts";
import { type Chart, chartSvg, svgFile } from "./chart.ts";
import { bareTable, show, type Shown } from "./notebook_display.ts";
import { codeBlock, escapeMarkdown } from "./markdown.ts";
import { Markup, markup } from "./markup.ts";
import css from "./page.css" with { type: "text" };
import { pngOf } from "./png.ts";
import { type Column, htmlTable, markdownTable, textTable } from "./table.ts";
import { writeFiles } from "./write_report.ts";

/** A section of the report: a chart or a table. */
type Section =
  & { readonly title: string; readonly caption: string }
  & ({ readonly file: string; draw(options: { width: number }): Chart } | Table);

/** A table in each form that a report needs. */
interface Table {
  html(): Markup;
  markdown(): string;
}

/** Shows an ablation in a notebook: charts and the table of layers; elsewhere the table as text. */
export function showAblation(record: AblationRecord): Shown {
  const lines = ablationHeadline(record);
  const charts = sections(record).flatMap((section) =>
    "draw" in section ? [chartSvg(section.draw({ width: 960 }), { label: section.title })] : []
  );
  const layers = rankedLayers(record);
  return show({
    "text/html": markup`${
      lines.map((line) => markup`<p>${line}</p>\n`)
    }${charts.map((chart) => [chart, "\n"])}${bareTable(layers, layerColumns(record))}`.text,
    "text/plain": `${lines.join("\n")}\n\n${textTable(layers, layerColumns(record))}`,
  });
}

/** The report as one HTML file that needs nothing else. */
export function ablationHtml(record: AblationRecord): string {
  const { title, model, data } = record;
  const body = sections(record).map((section) =>
    markup`<section>
<h2>${section.title}</h2>
<p class="caption">${section.caption}</p>
${
      "draw" in section
        ? markup`<figure><div class="wide">${inline(section, 960)}</div><div class="narrow">${
          inline(section, 354)
        }</div></figure>`
        : section.html()
    }
</section>
`
  );
  const [first, ...notes] = ablationHeadline(record);
  return `${markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: int8 by layer</title>
<style>
${new Markup(css)}</style>
</head>
<body>
<main>
<header>
<p class="kicker">Octavo ablation of ${model.name} on ${data.name}</p>
<h1>${title}</h1>
<p class="headline">${first}</p>
<ul class="caveats">
${notes.map((note) => markup`<li>${note}</li>\n`)}</ul>
</header>
${body}
<section>
<h2>How to reproduce</h2>
<pre>${record.provenance.command}</pre>
<p class="caption">${reproducible(record)}</p>
</section>
</main>
</body>
</html>
`}`;
}

/** The report as GitHub-flavoured Markdown, its charts as PNG files beside it in `charts/`. */
export function ablationMarkdown(record: AblationRecord): string {
  const [first, ...notes] = ablationHeadline(record);
  const body = sections(record).map((section) =>
    `## ${section.title}\n\n${escapeMarkdown(section.caption)}\n\n` +
    ("draw" in section
      ? `![${escapeMarkdown(section.title)}](charts/${section.file}.png)\n`
      : section.markdown())
  );
  return [
    `# ${escapeMarkdown(record.title)}: int8 by layer\n\n**${escapeMarkdown(first ?? "")}**\n\n` +
    notes.map((note) => `- ${escapeMarkdown(note)}\n`).join(""),
    ...body,
    `## How to reproduce\n\n${codeBlock(record.provenance.command, "sh")}\n\n` +
    `${escapeMarkdown(reproducible(record))}\n`,
  ].join("\n");
}

/**
 * Writes `report.html`, `report.md`, `ablation.json`, and the charts as SVG and PNG.
 *
 * @returns The paths written.
 */
export async function writeAblation(record: AblationRecord, folder: string): Promise<string[]> {
  const files: [name: string, content: string | Uint8Array][] = [
    ["ablation.json", `${JSON.stringify(record, null, 2)}\n`],
    ["report.html", ablationHtml(record)],
    ["report.md", ablationMarkdown(record)],
  ];
  for (const section of sections(record)) {
    if (!("draw" in section)) continue;
    const { title, caption } = section;
    const options = { label: title, title: `${record.title}: ${title}`, subtitle: caption };
    const svg = svgFile(chartSvg(section.draw({ width: 960 }), options));
    files.push([`charts/${section.file}.svg`, svg]);
    files.push([`charts/${section.file}.png`, await pngOf(svg)]);
  }
  return await writeFiles(files, folder);
}

function sections(record: AblationRecord): Section[] {
  const { layers, tensors, pairs, leftOut } = record;
  const has = (part: "only" | "allBut") => layers.some((layer) => layer[part]?.sqnr);
  return [
    ...(has("only")
      ? [{
        file: "only",
        title: "One layer int8",
        caption:
          "This layer int8 and all others float32; left is worse. First what costs the metric " +
          "beyond noise, then by the error of the outputs.",
        draw: (options: { width: number }) => onlyChart(record, options),
      }]
      : []),
    ...(has("allBut")
      ? [{
        file: "all-but",
        title: "All layers int8 but one",
        caption:
          "What is gained by releasing one layer from int8: the further right of the line, the " +
          "more. Layers stand in the order of the chart above.",
        draw: (options: { width: number }) => allButChart(record, options),
      }]
      : []),
    {
      title: "Layers",
      caption: "Most sensitive first. Times are of the layer's own kernels; changes of precision " +
        "between layers count to none.",
      ...tableOf(rankedLayers(record), layerColumns(record), "Layers"),
    },
    ...(pairs.length > 0
      ? [{
        title: "Pairs",
        caption:
          "The most sensitive layers, two at a time. Errors of independent layers add up as " +
          "powers: 0 dB against the sum.",
        ...tableOf(pairs, pairColumns(record), "Pairs"),
      }]
      : []),
    ...(tensors.length > 0
      ? [{
        title: "Tensors",
        caption:
          "What rounding each activation to its 8 bits costs by itself, and what has built up " +
          "with all layers int8; how its values were spread in calibration, zeros aside.",
        ...tableOf(tensors, tensorColumns, "Tensors"),
      }]
      : []),
    ...(leftOut.length > 0
      ? [{
        title: "Left in float32",
        caption: "Nodes with weights that the mapping does not make int8.",
        ...tableOf(leftOut, LEFT_OUT, "Left in float32"),
      }]
      : []),
  ];
}

const LEFT_OUT: readonly Column<AblationRecord["leftOut"][number]>[] = [
  { head: "node", text: ({ node }) => node, code: true },
  { head: "operator", text: ({ opType }) => opType },
  { head: "why", text: ({ why }) => why, wraps: true },
];

function tableOf<T>(rows: readonly T[], columns: readonly Column<T>[], label: string): Table {
  return {
    html: () => htmlTable(rows, columns, { label }),
    markdown: () => markdownTable(rows, columns),
  };
}

function inline(
  section: { readonly title: string; draw(options: { width: number }): Chart },
  width: number,
): Markup {
  return chartSvg(section.draw({ width }), { label: section.title });
}

function reproducible({ provenance, model, data, timing }: AblationRecord): string {
  const versions = Object.entries(provenance.versions).map(([name, version]) =>
    `${name} ${version}`
  );
  const splits = data.splits.map(({ name, samples, hash }) =>
    `${name} ${samples} samples (SHA-256 ${hash.slice(0, 12)}…)`
  );
  return `Effects come out the same to the bit on every machine${
    timing ? `; times are of ${timing.machine}, ${timing.threads} thread(s)` : ""
  }. Model SHA-256 ${model.hash.slice(0, 12)}…; ${splits.join(", ")}; ${versions.join(", ")}.`;
}
