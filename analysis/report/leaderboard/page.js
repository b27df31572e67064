const byId = (id) => document.getElementById(id);
const told = JSON.parse(byId("choices").textContent);
const plot = byId("plot-scatter");

function chosen() {
  return { cv: Number(byId("menu-cv")?.value ?? 0), board: Number(byId("menu-board")?.value ?? 0) };
}

function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function around(pair, x, y) {
  const quiet = { size: 12, color: "#52606d" };
  const marks = pair.marks.map((mark) => ({ x: x[mark.row], y: y[mark.row], text: mark.text, showarrow: true, arrowhead: 0,
    arrowwidth: 1, arrowcolor: "#7b8794", ax: 0, ay: -24, standoff: 6, font: quiet }));
  if (pair.noise === null) return { annotations: marks, shapes: [] };
  const [low, high] = [mean(x) - pair.noise, mean(x) + pair.noise];
  const bar = { type: "line", xref: "x", yref: "y domain", x0: low, x1: high, y0: 0.02, y1: 0.02, line: { color: "#d55e00", width: 5 }, opacity: 0.7 };
  const label = { xref: "x", yref: "y domain", x: mean(x), y: 0.03, yanchor: "bottom", text: "one configuration by itself: \u00b1 1 sd", showarrow: false, font: quiet };
  return { annotations: [...marks, label], shapes: [bar] };
}

function choose() {
  const { cv, board } = chosen();
  const [x, y, pair] = [told.cv[cv], told.board[board], told.pairs[cv][board]];
  const at = (values) => pair.lines.map((row) => (row === null ? null : values[row]));
  const layout = { "xaxis.title.text": x.label, "yaxis.title.text": y.label, "xaxis.autorange": true, "yaxis.autorange": true,
    ...around(pair, x.values, y.values) };
  Plotly.update(plot, { x: [x.values, at(x.values)], y: [y.values, at(y.values)] }, layout);
  byId("relation").textContent = pair.said;
}

let waiting;
function acknowledge(text) {
  byId("copied").textContent = text;
  clearTimeout(waiting);
  waiting = setTimeout(() => { byId("copied").textContent = ""; }, 8000);
}

async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

async function copy(row) {
  const text = told.copies[row];
  const done = await written(text);
  const what = `the ${told.copied} of ${told.names[row]}`;
  acknowledge(done ? `Copied ${told.copied === "name" ? "the name" : what}: ${text}` : `The browser refused to copy ${what}: ${text}`);
}

for (const menu of document.querySelectorAll(".menus select")) menu.addEventListener("change", choose);
plot.on("plotly_click", (event) => {
  if (event.points[0].curveNumber === 0) copy(event.points[0].pointNumber);
});
for (const button of document.querySelectorAll("button[data-row]")) {
  button.addEventListener("click", async () => { await copy(Number(button.dataset.row)); button.focus(); });
}
choose();
