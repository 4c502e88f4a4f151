// Opens and closes all rows at once. Without this the page reads just as well.

const tools = document.createElement("p");
tools.className = "tools";
for (const [text, open] of [["Open every row", true], ["Close all", false]]) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = text;
  button.addEventListener("click", () => {
    for (const part of document.querySelectorAll("article .x-part")) part.open = open;
  });
  tools.append(button);
}
document.querySelector(".contents").after(tools);

// Shows the reader's own request in place. Otherwise the link leads to a page with it.
const link = document.querySelector("#live-link");
const place = document.querySelector("#live");
link.addEventListener("click", async (event) => {
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { cache: "no-store" });
    const shown = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".x");
    if (!answer.ok || !shown) throw new Error(`the server answered ${answer.status}`);
    place.replaceChildren(document.adoptNode(shown));
    link.textContent = "Once more";
  } catch (error) {
    place.textContent = `This cannot be shown now: ${error.message}`;
  }
});
