"use strict";
(() => {
  const form = document.getElementById("filters");
  const find = (name) => document.getElementById(name);
  const parted = (text) => (text || "").split(" ").filter(Boolean);
  const items = Array.from(document.querySelectorAll(".question"), (element) => ({
    element,
    show: parted(element.dataset.flags),
    type: [element.dataset.type],
    tag: JSON.parse(element.dataset.tags),
    failure: parted(element.dataset.failures),
    text: Array.from(element.querySelectorAll("[data-find]"), (part) => part.textContent).join(" ").toLowerCase(),
    folded: [element, ...element.querySelectorAll("details.source")].filter((part) => part.tagName === "DETAILS"),
  }));
  const field = (name) => form.elements.namedItem(name);
  const choices = ["show", "type", "tag", "failure"].filter(field);
  const fields = [...choices, "find"];
  const value = (name) => field(name).value;
  const counted = (count) => `${count} question${count === 1 ? "" : "s"}`;

  function passes(item, wanted, words) {
    return choices.every((name) => !wanted[name] || item[name].includes(wanted[name]))
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
    find("no-match").hidden = count > 0;
    find("shown").textContent = `${count} of ${counted(items.length)}`;
    explain(wanted, count);
  }

  // What is chosen, in words: for print, where the form is not, and for a kind of failure.
  function explain(wanted, count) {
    const says = find("says");
    if (says) {
      const option = field("failure").selectedOptions[0];
      says.textContent = option.dataset.says || "";
      says.hidden = !says.textContent;
    }
    const view = find("view");
    if (!view) return;
    const parts = fields.filter((name) => wanted[name]).map((name) => `${labelOf(name)}: ${chosen(name)}`);
    view.textContent = [`${count} of ${counted(items.length)}`, ...parts].join("; ");
  }

  function labelOf(name) {
    return name === "show" ? form.querySelector("legend").textContent : field(name).labels[0].firstChild.textContent.trim();
  }

  function chosen(name) {
    const control = field(name);
    if (name === "find") return `“${control.value}”`;
    const words = control.selectedOptions
      ? control.selectedOptions[0].textContent
      : Array.from(control).find((one) => one.checked).labels[0].textContent;
    return words.trim().replace(/ \(?\d+\)?$/, "");  // without the count
  }

  function remember() {
    const kept = fields.map((name) => [name, value(name)]).filter(([, given]) => given);
    const hash = new URLSearchParams(kept).toString();
    history.replaceState(null, "", hash ? `#${hash}` : "#questions");
  }

  function choose(name, given) {
    const control = field(name);
    control.value = given;
    if (control.value !== given) control.value = "";  // a link to something that this page does not have
  }

  function recall() {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) {
      const kept = new URLSearchParams(hash);
      fields.forEach((name) => choose(name, kept.get(name) || ""));
      apply();
      // Where a reader with a keyboard or a screen reader goes on.
      const heading = find("questions-title");
      heading.scrollIntoView();
      heading.focus({ preventScroll: true });
    } else if (hash) {
      reveal(find(hash));
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

  // Older browsers print only what is open.
  const closed = [];
  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details.source:not([open])")) {
      part.open = true;
      closed.push(part);
    }
  });
  window.addEventListener("afterprint", () => closed.splice(0).forEach((part) => { part.open = false; }));

  form.addEventListener("input", () => { apply(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
  form.addEventListener("click", (event) => {
    const action = event.target.dataset.action;
    if (!action) return;
    for (const item of items) {
      if (action === "close" || !item.element.hidden) item.folded.forEach((part) => { part.open = action === "open"; });
    }
  });
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  apply();
  recall();
})();
