// Decisions

async function decide(decision, labels) {
  const place = current;
  try {
    Object.assign(state, await ask("decisions", { clip: place, decision, labels }));
  } catch (error) {
    say(error.message, true);
    return;
  }
  const to = labels ? ` to ${named(labels)}` : "";
  const next = following(place);
  say(`Clip ${place + 1} ${WORDS[decision]}${to}.` + (next === undefined ? " Every clip of the queue is decided." : ""));
  if (next === undefined) showDecisions();
  else show(next);
}

async function undo() {
  try {
    const answer = await ask("undo", {});
    Object.assign(state, answer);
    show(answer.place);
    say(`Undone: clip ${answer.place + 1} ${decided(answer.place) ? "is " + WORDS[decided(answer.place).decision] + " again" : "is undecided"}.`);
  } catch (error) {
    say(error.message, true);
  }
}

// The next undecided clip, from the top again after the last one.
function following(place) {
  const places = state.clips.map((_, i) => (place + 1 + i) % state.clips.length);
  return places.find((i) => !decided(i));
}

function showDecisions() {
  const done = state.clips.filter((_, i) => decided(i)).length;
  byId("progress").max = state.clips.length || 1;
  byId("progress").value = done;
  byId("progress-text").textContent = `${done} of ${state.clips.length} decided`;
  byId("undo").disabled = !state.undoable;
  const own = decided(current);
  byId("decision").textContent = own ? `This clip is ${WORDS[own.decision]}.` : "";
  byId("now-box").hidden = own?.decision !== "relabel";
  byId("now").replaceChildren(...(own?.labels ?? []).map((label) => chip(label)), ...(own?.labels?.length === 0 ? [chip("nothing active")] : []));
  showQueue();
}
