import { useState } from "react";
import { IconButton } from "../parts/IconButton.tsx";

export function ThemeButton() {
  const [isDark, setDark] = useState(isDarkNow);
  const turn = () => {
    const theme = isDark ? "light" : "dark";
    document.documentElement.dataset["theme"] = theme;
    try {
      localStorage.setItem("roost.theme", theme);
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
    setDark(!isDark);
  };
  return (
    <IconButton icon={isDark ? "sun" : "moon"} label={isDark ? "Light theme" : "Dark theme"} size={15} onClick={turn} />
  );
}

function isDarkNow(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}
