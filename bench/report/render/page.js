/* global document */
// Sorts and filters the tables that say they may be (`table.sortable`). All texts come from the page itself.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const text = (row, i) => row.cells[i].textContent.trim();
  const number = (value) => (/^[±×]?-?[\d.]/.test(value) ? parseFloat(value.replace(/^[±×]/, "")) : NaN);
  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const compare = (a, b) => {
        const [x, y] = [text(a, i), text(b, i)];
        const [m, n] = [number(x), number(y)];
        // Rows without a number stand last, whichever way is up.
        if (Number.isNaN(m) !== Number.isNaN(n)) return Number.isNaN(m) ? 1 : -1;
        const order = Number.isNaN(m) ? x.localeCompare(y, "en", { numeric: true }) : m - n;
        return down ? -order : order;
      };
      body.append(...rows.sort(compare));
    });
  });
  const label = document.createElement("label");
  const field = document.createElement("input");
  const found = document.createElement("output");
  label.className = "filter";
  field.type = "search";
  label.append("Filter rows ", field, found);
  table.closest(".scroll").before(label);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const own = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => own.includes(word));
      if (!row.hidden) shown += 1;
    }
    found.textContent = ` ${shown} of ${rows.length} rows`;
  });
}
