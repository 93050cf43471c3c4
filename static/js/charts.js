// Draws Plotly figures that the server built, in the colours of the page, and again when those change.

const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const drawn = new Map();

// A token may say light-dark(…): only an element's computed colour tells which.
function colour(name) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function paint(figure) {
  const [ink, quiet, line, copper, blue, paper, raised, red] =
    ["ink", "ink-2", "hairline", "copper", "blue", "paper", "raised", "red"].map(colour);
  const bars = { end: quiet, up: copper, down: red };
  const data = figure.data.map((trace) =>
    trace.meta === "rate"
      ? { ...trace, line: { color: blue, width: 2 }, marker: { color: paper, size: 5, line: { color: blue, width: 1.5 } } }
      : { ...trace, marker: { color: bars[trace.meta] ?? copper, cornerradius: 2 } });
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line };
  const layout = {
    ...figure.layout,
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: quiet },
    hoverlabel: { bgcolor: raised, bordercolor: line, font: { color: ink, size: 13 } },
    xaxis: { ...figure.layout.xaxis, ...axis, showgrid: false },
    yaxis: { ...figure.layout.yaxis, ...axis },
    yaxis2: { ...figure.layout.yaxis2, ...axis },
  };
  return { data, layout };
}

async function draw(place) {
  try {
    if (!drawn.has(place)) {
      const answer = await fetch(place.dataset.figure, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      drawn.set(place, await answer.json());
      place.replaceChildren();
    }
    const { data, layout } = paint(drawn.get(place));
    await window.Plotly.react(place, data, layout, { displayModeBar: false, responsive: true, staticPlot: false });
    if (place.dataset.opens && !place.dataset.listening) {
      place.dataset.listening = "yes";
      // The table beside the chart has the same links for keyboards and screen readers.
      place.on("plotly_click", ({ points }) => {
        const link = document.querySelector(`[data-bar="${points[0].customdata}"]`);
        if (points[0].customdata) link?.click();
      });
    }
  } catch {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = "The chart could not be drawn. The table below has the same figures.";
    place.replaceChildren(note);
  }
}

function drawAll() {
  for (const place of document.querySelectorAll("[data-figure]")) draw(place);
}

darkness.addEventListener("change", drawAll);
document.addEventListener("themechange", drawAll);
document.fonts.ready.then(drawAll);
