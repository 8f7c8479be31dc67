// The page is complete without this script; it makes tables sort, joins rows with their marks in the
// charts, and opens what is folded before printing.

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    if (!("sort" in head.dataset)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.v;
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        // Rows without a value stay last, whichever way the others go.
        if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
        const numeric = !Number.isNaN(+x) && !Number.isNaN(+y);
        const order = numeric ? x - y : x < y ? -1 : x > y ? 1 : 0;
        return down ? -order : order;
      });
      body.append(...rows);
    });
  });
}

const linked = Map.groupBy(document.querySelectorAll("[data-trial]"), (e) => e.dataset.trial);
for (const elements of linked.values()) {
  const mark = (on) => () => elements.forEach((e) => e.classList.toggle("on", on));
  const row = elements.find((e) => e.matches("tr"));
  for (const element of elements) {
    element.addEventListener("pointerenter", mark(true));
    element.addEventListener("pointerleave", mark(false));
    if (element !== row) {
      element.addEventListener("click", () => row?.scrollIntoView({ block: "center" }));
    }
  }
}

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
