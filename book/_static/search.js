// Search: chapters before the names of functions, excerpts of prose alone, and hits that lead to the section with the words.

const NOT_PROSE =
  ".headerlink, script, style, pre, mjx-math, .cell_input, details.hide, .lt-setup, .lt-provenance, audio, button, .navigation, .toctree-wrapper";

// results are [page, title, anchor, description, score, file]
Scorer.score = ([page, , anchor, , score]) =>
  score - (page.endsWith("/api") || anchor.startsWith("#lt.") || anchor.startsWith("#module-") ? 1000 : 0);

/** The prose of a page, or of the part of it at an anchor. */
function prose(text, anchor) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const main = page.querySelector("article") ?? page.querySelector("[role=main]");
  const part = (anchor && page.getElementById(decodeURIComponent(anchor.slice(1)))) || main;
  for (const node of part?.querySelectorAll(NOT_PROSE) ?? []) node.remove();
  return part;
}

/** The smallest section that holds most of the words, the first of several. */
function sectionOf(part, words) {
  let best = null;
  let most = 0;
  for (const section of part.querySelectorAll("section[id]")) {
    const text = section.textContent.toLowerCase();
    const found = words.filter((word) => text.includes(word)).length;
    if (found > most || (found === most && best?.contains(section))) {
      best = section;
      most = found;
    }
  }
  return best;
}

Search.htmlToText = (text, anchor) => prose(text, anchor)?.textContent ?? "";

const summary = Search.makeSearchSummary;
Search.makeSearchSummary = (text, keywords, anchor) => {
  const part = prose(text, anchor);
  const words = [...keywords].map((word) => word.toLowerCase());
  const section = part && !anchor ? sectionOf(part, words) : null;
  const excerpt = section
    ? summary(`<main role="main"><article>${section.innerHTML}</article></main>`, keywords, "")
    : summary(text, keywords, anchor);
  const shown = excerpt ?? document.createElement("p");
  if (section) {
    queueMicrotask(() => {
      const link = shown.closest("li")?.querySelector("a");
      if (link) link.hash = section.id;
    });
  }
  return shown;
};
