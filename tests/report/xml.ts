/**
 * Throws where a text is not a well-formed XML document of the plain kind that the report writes:
 * elements, double-quoted attributes, the five named entities and numeric ones.
 */
export function requireWellFormed(xml: string): void {
  const open: string[] = [];
  let roots = 0;
  const rest = xml.replace(/^<\?xml [^?]*\?>\n/, "");
  const token = /<(\/?)([a-zA-Z][\w-]*)((?:\s[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|</gy;
  for (const [whole, close, name, attributes = "", empty, text = ""] of rest.matchAll(token)) {
    if (whole === "<") throw new Error(`Stray "<" inside ${open.join(" > ")}`);
    if (/&(?!(amp|lt|gt|quot|#39|#\d+);)/.test(attributes + text)) {
      throw new Error(`Bare "&" in ${whole}`);
    }
    // deno-lint-ignore no-control-regex -- exactly the characters that XML 1.0 forbids
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(whole)) {
      throw new Error("Control character");
    }
    const names = [...attributes.matchAll(/([\w:-]+)=/g)].map(([, key]) => key);
    if (new Set(names).size < names.length) throw new Error(`Attribute twice in ${whole}`);
    if (name === undefined) {
      if (open.length === 0 && text.trim() !== "") throw new Error(`Text outside: ${text}`);
    } else if (close) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      if (open.length === 0) roots++;
      if (!empty) open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`Left open: ${open.join(" > ")}`);
  if (roots !== 1) throw new Error(`${roots} roots`);
}
