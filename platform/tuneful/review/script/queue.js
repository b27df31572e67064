// Queue

const shown = (place) => {
  const filter = byId("filter").value;
  const own = decided(place)?.decision;
  return { all: true, open: !own, decided: Boolean(own) }[filter] ?? own === filter;
};

function showQueue() {
  const rows = state.clips.map((clip, place) => (shown(place) ? queueRow(clip, place) : null)).filter(Boolean);
  byId("queue").replaceChildren(...(rows.length ? rows : [element("li", "No clip is like that.")]));
  byId("queue").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function queueRow(clip, place) {
  const row = document.createElement("li");
  const button = document.createElement("button");
  const own = decided(place)?.decision;
  const doubt = clip.doubts[0];
  button.type = "button";
  button.title = visible(clip.clip_id);
  if (place === current) button.setAttribute("aria-current", "true");
  button.append(
    element("span", place + 1, "place"),
    element("span", doubt.given ? `${named(clip.labels)} · wrong?` : `${named(clip.labels)} · ${doubt.label}?`, "what"),
    element("span", own ? WORDS[own] : clip.quality.toFixed(2), own ? "done" : "place"),
  );
  button.addEventListener("click", () => show(place));
  row.append(button);
  return row;
}

function move(by) {
  let place = current + by;
  while (place >= 0 && place < state.clips.length && !shown(place)) place += by;
  if (place < 0 || place >= state.clips.length) say(by > 0 ? "This is the last clip." : "This is the first clip.");
  else show(place);
}
