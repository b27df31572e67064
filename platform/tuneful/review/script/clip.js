// The clip

const named = (labels) => (labels.length ? labels.join(", ") : "nothing active");
const decided = (place) => state.decisions[place];

function show(place) {
  current = place;
  const clip = state.clips[place];
  document.title = `${place + 1} · ${state.name} · review`;
  byId("title").textContent = `${place + 1} of ${state.clips.length} · ${visible(clip.clip_id)}`;
  const quality = `label quality ${clip.quality.toFixed(2)}${clip.suspected ? ", taken for an error" : ""}`;
  byId("facts").textContent = [quality, ...clip.facts.map(([name, value]) => `${name} ${visible(value)}`)].join(" · ");
  byId("doubt").replaceChildren(...doubtWords(clip));
  showLabels(clip);
  showProbable(clip);
  showSound(clip);
  showDecisions();
}

function doubtWords(clip) {
  return clip.doubts.flatMap((doubt, i) => [
    i ? ", " : "",
    element("b", doubt.label),
    ` looks ${doubt.given ? "wrong" : "missing"} (${percent(doubt.probability)})`,
  ]);
}

const percent = (p) => (p >= 0.995 ? "> 99 %" : p < 0.005 ? "< 1 %" : `${Math.round(100 * p)} %`);

function showLabels(clip) {
  const doubtful = (label, given) => clip.doubts.some((doubt) => doubt.label === label && doubt.given === given);
  const chips = clip.labels.map((label) => chip(label, doubtful(label, true) ? "wrong" : "", doubtful(label, true) ? " wrong?" : ""));
  const secondary = clip.secondary.map((label) => chip(label, "", " secondary"));
  const missing = clip.doubts.filter((doubt) => !doubt.given).map((doubt) => chip(doubt.label, "missing", " missing?"));
  const none = clip.labels.length ? [] : [chip("nothing active")];
  byId("labels").replaceChildren(...none, ...chips, ...secondary, ...missing);
}

function chip(label, className = "", remark = "") {
  const made = element("li", label, className);
  if (remark) made.append(element("small", remark));
  return made;
}

function showProbable(clip) {
  const rows = clip.probable.map(([label, probability]) => {
    const row = document.createElement("li");
    const given = clip.labels.includes(label);
    const bar = element("span", "", "bar");
    const filled = document.createElement("i");
    filled.style.width = `${100 * probability}%`;
    bar.append(filled);
    const name = element("span", label + (given ? " ✓" : ""), given ? "label given" : "label");
    row.append(name, bar, element("span", percent(probability), "number"));
    return row;
  });
  byId("probable").replaceChildren(...rows);
}
