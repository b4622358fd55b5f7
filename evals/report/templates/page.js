"use strict";
(() => {
  const form = document.getElementById("filters");
  const items = Array.from(document.querySelectorAll(".question"), (element) => ({
    element,
    flags: element.dataset.flags.split(" "),
    type: element.dataset.type,
    tags: JSON.parse(element.dataset.tags),
    text: Array.from(element.querySelectorAll("[data-find]"), (part) => part.textContent).join(" ").toLowerCase(),
  }));
  const fields = ["show", "type", "tag", "find"];

  const field = (name) => form.elements.namedItem(name);
  const value = (name) => (field(name) ? field(name).value : "");

  function passes(item, wanted, words) {
    return (!wanted.show || item.flags.includes(wanted.show))
      && (!wanted.type || item.type === wanted.type)
      && (!wanted.tag || item.tags.includes(wanted.tag))
      && words.every((word) => item.text.includes(word));
  }

  function apply() {
    const wanted = Object.fromEntries(fields.map((name) => [name, value(name)]));
    const words = wanted.find.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of items) {
      const shown = passes(item, wanted, words);
      item.element.hidden = !shown;
      count += shown ? 1 : 0;
    }
    document.getElementById("no-match").hidden = count > 0;
    document.getElementById("shown").textContent = `${count} of ${items.length} shown`;
  }

  function remember() {
    const kept = fields.map((name) => [name, value(name)]).filter(([, chosen]) => chosen);
    const hash = new URLSearchParams(kept).toString();
    history.replaceState(null, "", hash ? `#${hash}` : "#questions");
  }

  function choose(name, chosen) {
    const control = field(name);
    if (!control) return;
    control.value = chosen;
    if (control.value !== chosen) control.value = "";  // a link to something that this page does not have
  }

  function recall() {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) {
      const kept = new URLSearchParams(hash);
      fields.forEach((name) => choose(name, kept.get(name) || ""));
      apply();
    } else if (hash) {
      reveal(document.getElementById(hash));
    }
  }

  // A link may lead into something that is closed or filtered away.
  function reveal(target) {
    if (!target) return;
    for (let part = target; part; part = part.parentElement) {
      part.hidden = false;
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
  }

  form.addEventListener("input", () => { apply(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
  form.addEventListener("click", (event) => {
    const action = event.target.dataset.action;
    if (!action) return;
    for (const item of items) {
      if (action === "close" || !item.element.hidden) item.element.open = action === "open";
    }
  });
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  apply();
  recall();
})();
