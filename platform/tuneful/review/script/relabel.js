// Relabel

function openRelabel() {
  picked = [...(decided(current)?.labels ?? state.clips[current].labels)];
  byId("search").value = "";
  byId("relabel-box").showModal();
  byId("search").focus();
  showClasses();
}

function showClasses() {
  const clip = state.clips[current];
  const text = byId("search").value.trim().toLowerCase();
  const likely = clip.probable.map(([label]) => label);
  const rest = state.classes.filter((label) => !likely.includes(label));
  matches = [...likely, ...rest].filter((label) => label.toLowerCase().includes(text));
  active = text && matches.length ? 0 : -1;
  drawClasses();
}

function drawClasses() {
  const probability = new Map(state.clips[current].probable);
  const options = matches.map((label, i) => {
    const option = element("li", "", i === active ? "active" : "");
    option.id = `class-${i}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", picked.includes(label));
    option.append(element("span", label), element("span", probability.has(label) ? percent(probability.get(label)) : ""));
    option.addEventListener("click", () => toggle(label));
    return option;
  });
  byId("classes").replaceChildren(...(options.length ? options : [element("li", "No label is like that.", "none")]));
  byId("chosen").replaceChildren(...(picked.length ? picked.map(chosenChip) : [chip("nothing active")]));
  const search = byId("search");
  if (active < 0) search.removeAttribute("aria-activedescendant");
  else search.setAttribute("aria-activedescendant", `class-${active}`);
  byId("classes").querySelector(".active")?.scrollIntoView({ block: "nearest" });
}

function chosenChip(label) {
  const made = chip(label);
  const remove = element("button", "×");
  remove.type = "button";
  remove.setAttribute("aria-label", `Remove ${visible(label)}`);
  remove.addEventListener("click", () => toggle(label));
  made.append(remove);
  return made;
}

function toggle(label) {
  picked = picked.includes(label) ? picked.filter((other) => other !== label) : [...picked, label];
  byId("search").value = "";
  byId("search").focus();
  showClasses();
}

function saveLabels() {
  byId("relabel-box").close();
  decide("relabel", picked);
}

function searchKey(event) {
  const { key } = event;
  if (key === "ArrowDown" || key === "ArrowUp") {
    const step = key === "ArrowDown" ? 1 : -1;
    active = Math.min(Math.max(active + step, -1), matches.length - 1);
    drawClasses();
  } else if (key === "Enter" && active >= 0 && !event.ctrlKey) toggle(matches[active]);
  else if (key === "Enter" && (event.ctrlKey || !byId("search").value.trim())) saveLabels();
  else if (key === "Backspace" && !byId("search").value && picked.length) toggle(picked.at(-1));
  else if (key !== "Enter") return;
  event.preventDefault();
}
