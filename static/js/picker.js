// The picker of events: searching, choosing a whole group, and how many are chosen. Without this script it is a
// list of boxes.

function prepare(picker) {
  if (picker.dataset.ready) return;
  picker.dataset.ready = "yes";
  const search = picker.querySelector("[data-picker-search]");
  const count = picker.querySelector("[data-picker-count]");
  const groups = [...picker.querySelectorAll("[data-picker-group]")].map((place) => ({
    place,
    all: place.querySelector("[data-picker-all]"),
    items: [...place.querySelectorAll(".picker-item")],
  }));

  const boxes = (items) => items.map((item) => item.querySelector("input"));
  const shown = (items) => items.filter((item) => !item.hidden);

  function tell() {
    let chosen = 0;
    for (const { all, items } of groups) {
      const ticked = boxes(items).filter((box) => box.checked).length;
      chosen += ticked;
      all.checked = ticked === items.length;
      all.indeterminate = ticked > 0 && ticked < items.length;
    }
    count.textContent = chosen ? `${chosen} chosen` : "None chosen yet";
  }

  search.hidden = false;
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const { place, items } of groups) {
      for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
      place.hidden = shown(items).length === 0;
    }
  });
  // Enter in the search must not send the form.
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  for (const { all, items } of groups) {
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const box of boxes(shown(items))) box.checked = all.checked;
      tell();
    });
  }
  picker.addEventListener("change", tell);
  tell();
}

function prepareAll() {
  for (const picker of document.querySelectorAll("[data-picker]")) prepare(picker);
}

document.addEventListener("htmx:afterSwap", prepareAll);
prepareAll();
