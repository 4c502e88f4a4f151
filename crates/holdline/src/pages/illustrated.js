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
