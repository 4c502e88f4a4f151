// The choice of light or dark. Runs before the page is painted, so that a
// chosen theme does not flash; that is why it is no module.
(() => {
  const KEY = "holdline.theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  try {
    const chosen = localStorage.getItem(KEY);
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Without storage the page follows the system.
  }
  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("#theme");
    const show = () => {
      button.textContent = dark() ? "Light" : "Dark";
      button.title = "Change between light and dark";
      button.setAttribute("aria-label", dark() ? "Use the light theme" : "Use the dark theme");
    };
    button.addEventListener("click", () => {
      const next = dark() ? "light" : "dark";
      root.dataset.theme = next;
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // Then the choice lives as long as the page.
      }
      show();
    });
    system.addEventListener("change", show);
    show();
  });
})();
