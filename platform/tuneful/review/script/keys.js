// Keys

const KEYS = {
  " ": play,
  k: () => decide("keep"),
  d: () => decide("drop"),
  r: openRelabel,
  u: () => state.undoable && undo(),
  j: () => move(1),
  ",": () => seek(byId("audio").currentTime - SEEK_S),
  ".": () => seek(byId("audio").currentTime + SEEK_S),
  "?": () => byId("help").showModal(),
  ArrowDown: () => move(1),
  ArrowRight: () => move(1),
  ArrowUp: () => move(-1),
  ArrowLeft: () => move(-1),
};

function pressed(event) {
  const box = event.target.closest("dialog");  // one that has just closed keeps the focus until the next frame
  const inside = box ? box.open : event.target.closest("select, input");
  const ownSpace = event.key === " " && event.target.closest("button");
  if (inside || ownSpace || event.ctrlKey || event.metaKey || event.altKey || event.repeat && !event.key.startsWith("Arrow")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || !state?.clips.length) return;
  event.preventDefault();
  act();
}

function listen() {
  document.addEventListener("keydown", pressed);
  byId("search").addEventListener("keydown", searchKey);
  byId("search").addEventListener("input", showClasses);
  byId("filter").addEventListener("change", showQueue);
  byId("picture").addEventListener("click", (event) => {
    const box = byId("picture").getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * (byId("audio").duration || 0));
  });
  for (const name of ["play", "pause", "ended", "loadedmetadata", "seeked"]) byId("audio").addEventListener(name, tick);
  const clicks = {
    play, undo, save: saveLabels, relabel: openRelabel,
    keep: () => decide("keep"),
    drop: () => decide("drop"),
    cancel: () => byId("relabel-box").close(),
    close: () => byId("help").close(),
    "help-button": () => byId("help").showModal(),
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
}

async function start() {
  state = await ask("state");
  byId("name").textContent = visible(state.name);
  const counted = `${state.suspected} of ${state.ranked} ranked clips are taken for errors`;
  byId("notes").textContent = visible([counted, ...state.notes].join(". ") + ".");
  listen();
  show(following(-1) ?? 0);
}

start().catch((error) => say(error.message, true));
