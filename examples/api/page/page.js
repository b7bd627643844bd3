// The map and the table. Everything shown comes from the service; the key stays in this tab.

const PAGE_ROWS = 25;
// column and row of each province and territory; row 1 is the north
const TILES = {
  YT: [1, 1], NT: [2, 1], NU: [4, 1],
  BC: [1, 2], AB: [2, 2], SK: [3, 2], MB: [4, 2], ON: [5, 2], QC: [6, 2], NL: [8, 2],
  NB: [7, 3], PE: [8, 3], NS: [8, 4],
};
const COLOURS = ["#fbf4e2", "#f6d9a0", "#eaac61", "#cf7541", "#9c4431", "#5a1f26"];

const at = (id) => document.getElementById(id);
const percent = (share) => `${Math.round(100 * share)} %`;
const band = (b) => `${Math.round(100 * b.lower)} to ${percent(b.upper)}`;
let province = null;
let asked = 0; // an answer that is overtaken by a later question is dropped

async function ask(path, parameters = {}) {
  const url = new URL(path, location.href);
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.append(name, value);
  const answer = await fetch(url, { headers: { "X-API-Key": sessionStorage.getItem("key") ?? "" } });
  const body = await answer.json();
  if (answer.ok) return body;
  if (answer.status === 401) lock();
  throw new Error(`${body.detail} (request ${body.request_id})`);
}

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// --- colour: the same scale as the library's figures, light to dark -----------------------------------

function colourOf(share) {
  const place = Math.min(1, Math.max(0, share)) * (COLOURS.length - 1);
  const [low, high] = [COLOURS[Math.floor(place)], COLOURS[Math.ceil(place)]];
  const part = (colour, i) => parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16);
  const mixed = [0, 1, 2].map((i) => Math.round(part(low, i) + (place % 1) * (part(high, i) - part(low, i))));
  return { face: `rgb(${mixed})`, ink: readableOn(mixed) };
}

function readableOn(rgb) { // by WCAG relative luminance
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// --- the map ------------------------------------------------------------------------------------------

function drawMap(places) {
  const known = places.filter((place) => place.pressure?.estimate != null);
  const most = Math.max(...known.map((place) => place.pressure.estimate));
  at("map").replaceChildren(...places.map((place) => tile(place, most)));
  at("scale").style.background = `linear-gradient(to right, ${COLOURS.join(", ")})`;
  at("most").textContent = percent(most);
}

function tile(place, most) {
  const button = element("button");
  const [column, row] = TILES[place.province];
  button.style.gridColumn = column;
  button.style.gridRow = row;
  button.dataset.province = place.province;
  button.append(element("span", place.province, "code"));
  if (place.pressure?.estimate == null) {
    button.disabled = true;
    button.title = `${place.name}: no school of its own, ${place.seats_at_sites} seats at sites there`;
    button.append(element("span", "–", "estimate"), element("span", "", "band"));
    return button;
  }
  const { face, ink } = colourOf(place.pressure.estimate / most);
  button.style.background = face;
  button.style.color = ink;
  button.title = told(place);
  button.setAttribute("aria-label", button.title);
  button.setAttribute("aria-pressed", "false");
  button.append(element("span", percent(place.pressure.estimate), "estimate"), element("span", band(place.pressure), "band"));
  button.addEventListener("click", () => choose(province === place.province ? null : place));
  return button;
}

function told(place) {
  const seats = place.seats.toLocaleString("en");
  return `${place.name}: pressure ${percent(place.pressure.estimate)}, band ${band(place.pressure)}; `
    + `${place.programs} programs, ${seats} seats`;
}

// --- the table ----------------------------------------------------------------------------------------

async function choose(place) {
  province = place?.province ?? null;
  for (const button of at("map").children) {
    if (!button.disabled) button.setAttribute("aria-pressed", String(button.dataset.province === province));
  }
  title(place);
  await guarded(() => fillTable(null));
}

function title(place) {
  at("table-title").textContent = place ? `By discipline, ${place.name}` : "By discipline";
  at("place").textContent = place
    ? `${told(place)}. Choose it again for the country.`
    : "Choose a province to see its disciplines. A dash: no school of its own.";
}

async function fillTable(after) {
  const mine = ++asked;
  const [page, disciplines] = await Promise.all([
    ask("analytics/match-pressure", {
      by: province ? "province,discipline" : "discipline", province, limit: PAGE_ROWS, after,
    }),
    ask("disciplines", { province }),
  ]);
  if (mine !== asked) return;
  const seats = new Map(disciplines.map((one) => [one.discipline, one.seats]));
  const drawn = page.items.map((item) => tableRow(item, seats.get(item.cell.discipline)));
  if (after === null) at("rows").replaceChildren(...drawn);
  else at("rows").append(...drawn);
  at("more").hidden = page.next_after === null;
  at("more").onclick = () => guarded(() => fillTable(page.next_after));
  const draws = Math.max(...page.items.map((item) => item.n_draws)).toLocaleString("en");
  at("about").textContent = `Release ${page.release}, study ${page.study}: `
    + `${percent(page.items[0].level)} bands of what may happen next time, from ${draws} simulated matches.`;
}

function tableRow(item, seats) {
  const row = element("tr");
  const known = item.estimate !== null;
  const wide = element("td", known ? "" : "too few first choices to say");
  if (known) {
    const track = element("div", "", "track");
    const [span, mark] = [element("span"), element("i")];
    span.style.left = `${100 * item.lower}%`;
    span.style.width = `${100 * (item.upper - item.lower)}%`;
    mark.style.left = `${100 * item.estimate}%`;
    track.append(span, mark);
    wide.append(track, element("div", band(item), "said"));
  }
  row.append(element("td", item.cell.discipline), element("td", known ? percent(item.estimate) : "–", "number"), wide,
    element("td", seats === undefined ? "" : seats.toLocaleString("en"), "number"));
  return row;
}

// --- the door -----------------------------------------------------------------------------------------

function lock() {
  at("door").hidden = false;
  at("answer").hidden = true;
  at("refused").textContent = sessionStorage.getItem("key") ? "This key is not known." : "";
  sessionStorage.removeItem("key");
  at("key").focus();
}

async function open() {
  const map = await ask("map");
  at("door").hidden = true;
  at("answer").hidden = false;
  drawMap(map.places);
  title(null);
  await fillTable(null);
}

async function guarded(work) {
  try {
    await work();
  } catch (error) {
    at("about").textContent = at("door").hidden ? error.message : "";
  }
}

at("door").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", at("key").value);
  at("key").value = "";
  guarded(open);
});
if (sessionStorage.getItem("key")) guarded(open);
else lock();
