// The page around the charts: theme, tables that sort and fold, printing.
"use strict";

(() => {
  const root = document.documentElement;

  function theme(choice) {
    if (choice === "auto") delete root.dataset.theme; else root.dataset.theme = choice;
    impactCharts.redrawAll();
  }

  function themes() {
    const chosen = () => document.querySelector("input[name=theme]:checked")?.value ?? "auto";
    for (const input of document.querySelectorAll("input[name=theme]")) {
      input.addEventListener("change", () => theme(chosen()));
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => impactCharts.redrawAll());
    addEventListener("beforeprint", () => theme("light"));
    addEventListener("afterprint", () => theme(chosen()));
  }

  // ---- tables that sort: rows with a parent stay below it
  function valueOf(row, column) {
    const cell = row.cells[column];
    const sort = cell?.dataset.sort;
    return sort === undefined ? (cell?.textContent.trim() ?? "") : sort === "" ? null : Number(sort);
  }

  function compared(a, b, way) {
    if (a === null || b === null) return (a === null) - (b === null); // what is not known comes last either way
    if (typeof a === "number" && typeof b === "number") return way * (a - b);
    return way * String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  function sortBy(table, column, way) {
    const body = table.tBodies[0];
    const below = new Map();
    for (const row of body.rows) {
      const parent = row.dataset.parent ?? "";
      if (!below.has(parent)) below.set(parent, []);
      below.get(parent).push(row);
    }
    const ordered = [];
    const visit = (parent) => {
      const rows = below.get(parent) ?? [];
      rows.sort((a, b) => compared(valueOf(a, column), valueOf(b, column), way));
      for (const row of rows) {
        ordered.push(row);
        if (row.dataset.id) visit(row.dataset.id);
      }
    };
    visit("");
    body.append(...ordered);
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const numeric = head.classList.contains("number");
        const before = head.getAttribute("aria-sort");
        const next = before ? (before === "ascending" ? "descending" : "ascending") : numeric ? "descending" : "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", next);
        sortBy(table, column, next === "ascending" ? 1 : -1);
      });
    });
  }

  // ---- trees: a row's button shows and hides what is below it
  function foldable(table) {
    const rows = [...table.tBodies[0].rows];
    const byId = new Map(rows.filter((row) => row.dataset.id).map((row) => [row.dataset.id, row]));
    const isOpen = (row) => row.querySelector("button.fold")?.getAttribute("aria-expanded") === "true";
    const refresh = () => {
      for (const row of rows) {
        let hidden = false;
        for (let parent = byId.get(row.dataset.parent); parent; parent = byId.get(parent.dataset.parent)) {
          if (!isOpen(parent)) hidden = true;
        }
        row.hidden = hidden;
      }
    };
    const fold = (row, open) => row.querySelector("button.fold")?.setAttribute("aria-expanded", String(open));
    for (const row of rows) {
      row.querySelector("button.fold")?.addEventListener("click", () => {
        fold(row, !isOpen(row));
        refresh();
      });
    }
    for (const button of table.closest("section").querySelectorAll("button[data-fold]")) {
      button.addEventListener("click", () => {
        for (const row of rows) fold(row, button.dataset.fold === "open");
        refresh();
      });
    }
    for (const row of rows) fold(row, row.dataset.open === "true");
    refresh();
  }

  function zooms() {
    for (const button of document.querySelectorAll("button[data-from]")) {
      button.addEventListener("click", () => {
        const host = button.closest("article")?.querySelector("[data-chart]");
        if (!host) return;
        host.scrollIntoView({ block: "center" });
        const [from, to] = [Number(button.dataset.from), Number(button.dataset.to)];
        const margin = (to - from) * 0.05;
        requestAnimationFrame(() => {
          host.dispatchEvent(new CustomEvent("impact-view", { detail: { from: from - margin, to: to + margin } }));
          host.querySelector(".plot").focus({ preventScroll: true });
        });
      });
    }
  }

  themes();
  for (const table of document.querySelectorAll("table.sortable")) sortable(table);
  for (const table of document.querySelectorAll("table.tree")) foldable(table);
  zooms();
  root.classList.add("scripted");
  impactCharts.start().catch((error) => {
    for (const place of document.querySelectorAll(".readout")) {
      place.textContent = `the chart cannot be drawn: ${error.message}; the tables hold its numbers`;
    }
  }).finally(() => root.dataset.ready = "yes");
})();
