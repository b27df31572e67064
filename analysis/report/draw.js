for (const source of document.querySelectorAll("script[data-plot]")) {
  const figure = JSON.parse(source.textContent);
  Plotly.newPlot(source.dataset.plot, figure.data, figure.layout, { responsive: true, displayModeBar: false, showLink: false, plotlyServerURL: "" });
}
