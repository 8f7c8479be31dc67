import assert from "node:assert/strict";
import { codeBlock, codeSpan, escapeMarkdown, oneLine } from "../../lib/report/markdown.ts";
import { Markup, markup } from "../../lib/report/markup.ts";
import { requireWellFormed } from "./xml.ts";

Deno.test("markup escapes texts and attributes, but not markup", () => {
  const name = `<img src=x onerror="a('b')">&`;
  assert.equal(
    `${markup`<b title="${name}">${name}${markup`<i/>`}</b>`}`,
    '<b title="&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;">' +
      "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;<i/></b>",
  );
});

Deno.test("markup joins lists and leaves nothing for what is absent", () => {
  assert.equal(`${markup`${[1, [markup`<b/>`, "c"]]}${undefined}${false}${null}${0}`}`, "1<b/>c0");
});

Deno.test("markup writes out or replaces what XML cannot hold", () => {
  assert.equal(`${markup`${"a\u0000b\u001b[31m\ud800\n"}`}`, "a\\x00b\\x1b[31m\ufffd\n");
});

Deno.test("escapeMarkdown() keeps a cell a cell and a name a name", () => {
  assert.equal(escapeMarkdown("a | b\nc"), "a \\| b c");
  assert.equal(escapeMarkdown("*_`~$#[x](y)"), "\\*\\_\\`\\~\\$\\#\\[x\\](y)");
  assert.equal(escapeMarkdown("<script>&"), "&lt;script&gt;&amp;");
  assert.equal(escapeMarkdown("back\\slash"), "back\\\\slash");
  assert.equal(
    escapeMarkdown("see https://x.y and @someone"),
    "see https&#8203;://x.y and @&#8203;someone",
  );
});

Deno.test("codeSpan() and codeBlock() hold whatever a name may hold", () => {
  assert.equal(codeSpan("a`|b"), "<code>a\\`\\|b</code>");
  assert.equal(codeSpan(""), "");
  assert.equal(codeBlock("a\n```\nb"), "````\na\n```\nb\n````");
});

Deno.test("oneLine() takes out line breaks, and writes control characters out", () => {
  assert.equal(oneLine(" a\r\n\tb\u001b[0m "), "a b\\x1b[0m");
});

Deno.test("requireWellFormed() refuses what is not XML", () => {
  requireWellFormed('<?xml version="1.0"?>\n<a b="&amp;"><c/>&#39;</a>\n');
  const broken = [
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a b=c/>",
    "<a>&</a>",
    "<a>< </a>",
    '<a b="" b=""/>',
  ];
  for (const xml of broken) assert.throws(() => requireWellFormed(xml), Error, xml);
});

Deno.test("Markup prints itself", () => {
  assert.equal(String(new Markup("<b/>")), "<b/>");
});
