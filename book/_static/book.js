// Players as one button each, and boxes that can be focused only while they scroll. Without this file players are the browser's own.

/** Let one sound play at a time, each from a single button with a name and a length. */
function players() {
  const sounds = [...document.querySelectorAll(".bd-article audio[aria-label]")];
  for (const audio of sounds) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "lt-player";
    button.setAttribute("aria-label", audio.getAttribute("aria-label"));
    button.setAttribute("aria-pressed", "false");
    const length = audio.nextElementSibling;
    button.textContent = length?.className === "lt-seconds" ? length.textContent : "play";
    if (length?.className === "lt-seconds") length.remove();
    audio.removeAttribute("controls");
    audio.before(button);
    button.addEventListener("click", () => {
      if (audio.paused) {
        audio.play().catch(() => button.setAttribute("aria-pressed", "false"));
      } else {
        audio.pause();
        audio.currentTime = 0;
      }
    });
    audio.addEventListener("play", () => {
      button.setAttribute("aria-pressed", "true");
      for (const other of sounds) {
        if (other !== audio && !other.paused) {
          other.pause();
          other.currentTime = 0;
        }
      }
    });
    for (const end of ["pause", "ended"]) {
      audio.addEventListener(end, () => button.setAttribute("aria-pressed", "false"));
    }
  }
}

/** Take boxes that are wide enough out of the order of the tab key. */
function boxes() {
  for (const box of document.querySelectorAll(".lt-scroll")) {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
}

/** Open the box of the set-up when a link leads into it. */
function opened() {
  const target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  const box = target?.closest("details");
  if (box) box.open = true;
}

document.addEventListener("DOMContentLoaded", () => {
  players();
  boxes();
  opened();
  addEventListener("resize", boxes);
  addEventListener("hashchange", opened);
  document.addEventListener("toggle", boxes, true); // a box that was closed had no width
});
