import assert from "node:assert/strict";
import { codeOf, factsOf, folded, paragraphOf, tableOf, termsOf } from "../../lib/report/blocks.ts";
import { type Page, pageHtml, pageMarkdown } from "../../lib/report/page.ts";

const rows = [{ op: "Conv", ms: 1.5 }, { op: "a|b", ms: 2 }];
const table = tableOf(rows, [
  { head: "op", text: ({ op }) => op, code: true },
  { head: "ms", text: ({ ms }) => String(ms), numeric: true },
], { label: "Times", strong: ({ ms }) => ms > 1.7 });

const page: Page = {
  title: "<net>",
  kind: "a study",
  subject: "Study of <net> on data",
  headline: "It takes 2 MB.",
  notes: ["A *note*."],
  reason: "Why: because.",
  sections: [
    { title: "Times", caption: "In ms [low, high].", blocks: [table] },
    { title: "Empty", blocks: [] },
  ],
};

Deno.test("pageMarkdown() writes title, headline, notes and sections, each escaped", () => {
  assert.equal(
    pageMarkdown(page),
    `# &lt;net&gt;

Study of &lt;net&gt; on data.

**It takes 2 MB.**

- A \\*note\\*.

Why: because.

## Times

In ms \\[low, high\\].

| op | ms |
| :--- | ---: |
| <code>Conv</code> | 1.5 |
| **<code>a\\|b</code>** | **2** |

## Empty
`,
  );
});

Deno.test("pageHtml() keeps a number and its unit on one line, and opens nothing that a text asks for", () => {
  const html = pageHtml(page);
  assert.ok(html.includes(`<p class="headline">It takes 2\u00a0MB.</p>`));
  assert.ok(html.includes("<title>&lt;net&gt;: a study</title>"));
  assert.ok(html.includes(`<p class="note">Why: because.</p>`));
  assert.doesNotMatch(html, /<net>|class="figures"/);
  const withFigures = pageHtml({
    ...page,
    figures: [{ name: "size", text: "2 MB", more: "×0.3" }],
  });
  assert.match(withFigures, /<dt>size<\/dt><dd><div class="value">2 MB<\/div>/);
});

Deno.test("blocks say the same in both forms", () => {
  const blocks = [
    {
      block: codeOf("a < b", "sh"),
      html: /<pre>a &lt; b<\/pre>/,
      markdown: /^```sh\na < b\n```\n$/,
    },
    { block: paragraphOf("a < b"), html: /<p class="caption">a &lt; b/, markdown: /^a &lt; b\n$/ },
    {
      block: factsOf([{ name: "hash", text: "ab", code: true }]),
      html: /<dt>hash<\/dt><dd><code>ab<\/code><\/dd>/,
      markdown: /\| hash \| ab \|\n$/,
    },
    {
      block: termsOf([{ name: "dB", text: "ten times" }]),
      html: /<dt>dB<\/dt><dd>ten times<\/dd>/,
      markdown: /^- \*\*dB\*\*: ten times\n$/,
    },
    {
      block: folded({ code: "a_b", text: "2 nodes" }, codeOf("x", "")),
      html: /<summary><code>a_b<\/code> <span>2 nodes<\/span><\/summary>\n<pre>x<\/pre>/,
      markdown:
        /^<details>\n<summary><code>a_b<\/code> 2 nodes<\/summary>\n\n```\nx\n```\n\n<\/det/,
    },
  ];
  for (const { block, html, markdown } of blocks) {
    assert.match(block.html().text, html);
    assert.match(block.markdown(), markdown);
  }
});
