// Sorts, searches and filters the table of a class; marks the cell that is read on a notebook's page.
"use strict";
(() => {
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const table = document.querySelector("table.every");
  if (table) {
    const body = table.tBodies[0], tools = document.querySelector(".tools");
    const rows = [...body.rows], search = tools.querySelector("input");
    const chips = [...tools.querySelectorAll("button")], status = tools.querySelector(".shown");
    const texts = new Map(rows.map((row) => [row, plain([...row.cells].slice(0, 6).map((c) => c.textContent).join(" "))]));
    let group = "";
    const show = () => {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const fits = (!group || row.classList.contains(group)) && words.every((w) => texts.get(row).includes(w));
        row.hidden = !fits;
        count += fits;
      }
      status.textContent = `${count} of ${rows.length} shown`;
    };
    const choose = (name) => {
      group = name;
      for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.group === name));
      show();
    };
    for (const chip of chips) chip.addEventListener("click", () => choose(chip.dataset.group));
    search.addEventListener("input", show);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { search.value = ""; show(); }
    });
    const heads = [...table.tHead.rows[0].cells];
    const value = (row, index) => row.cells[index].textContent.trim();
    const number = (text) => { const found = /-?[\d.,]+/.exec(text); return found ? Number(found[0].replace(/,/g, "")) : -Infinity; };
    const sort = (index) => {
      const head = heads[index];
      const counted = head.matches(".num, .narrow");
      const now = head.getAttribute("aria-sort");
      const up = now ? now === "descending" : true;
      for (const one of heads) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const order = (a, b) => {
        const [one, other] = [value(a, index), value(b, index)];
        if (!counted) return (one === "") - (other === "") || one.localeCompare(other, undefined, { numeric: true });
        const [x, y] = [number(one), number(other)];
        return x === y ? 0 : x < y ? -1 : 1;
      };
      body.append(...rows.sort((a, b) => (up ? 1 : -1) * order(a, b)));
    };
    heads.forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(index));
      head.append(button);
    });
    tools.hidden = false;
    show();
  }
  const list = document.querySelector(".outline");
  if (list) {
    const links = new Map([...list.querySelectorAll("a")].map((a) => [a.hash.slice(1), a]));
    const seen = new Set();
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) isIntersecting ? seen.add(target) : seen.delete(target);
      const first = [...seen].sort((a, b) => a.offsetTop - b.offsetTop)[0];
      for (const [id, link] of links) {
        if (first && first.id === id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }, { rootMargin: "0px 0px -60% 0px" });
    for (const id of links.keys()) { const cell = document.getElementById(id); if (cell) watch.observe(cell); }
  }
})();
